/** Folds siblings of a genealogy: lots of one material that went the same way become one group. */
import type { Genealogy, GenealogyNode } from '../api/types';

export interface LotGroup {
  id: string;
  material: string;
  rank: number;
  lots: GenealogyNode[];
}

export interface GroupLink {
  from: string;
  to: string;
}

export interface GroupedGenealogy {
  groups: LotGroup[];
  links: GroupLink[];
}

/** Two lots are siblings when rank, material and operation are equal and the groups that used them are the same. */
export function groupSiblings({ nodes, edges }: Genealogy): GroupedGenealogy {
  const byLot = new Map(nodes.map((node) => [node.lot_id, node]));
  const known = edges.filter((edge) => byLot.has(edge.from) && byLot.has(edge.to));
  const usedBy = Map.groupBy(known, (edge) => edge.from);
  const groups = new Map<string, LotGroup>();
  const groupOf = new Map<string, LotGroup>();
  const open = new Set<string>();

  const find = (node: GenealogyNode): LotGroup => {
    const found = groupOf.get(node.lot_id);
    if (found !== undefined) return found;
    open.add(node.lot_id);
    const users = new Set<string>();
    for (const edge of usedBy.get(node.lot_id) ?? []) {
      const user = byLot.get(edge.to);
      // A lot cannot be made from itself; should the record say so, the drawing must still end.
      if (user !== undefined && !open.has(user.lot_id)) users.add(find(user).id);
    }
    open.delete(node.lot_id);
    const way = [node.rank, node.material_definition_id, node.operation, [...users].sort()];
    const key = JSON.stringify(way);
    const group = groups.get(key) ?? {
      id: `group-${groups.size}`,
      material: node.material_definition_id,
      rank: node.rank,
      lots: [],
    };
    groups.set(key, group);
    group.lots.push(node);
    groupOf.set(node.lot_id, group);
    return group;
  };

  nodes.forEach(find);
  const links = new Map<string, GroupLink>();
  for (const edge of known) {
    const from = groupOf.get(edge.from)?.id;
    const to = groupOf.get(edge.to)?.id;
    if (from !== undefined && to !== undefined && from !== to) links.set(`${from} ${to}`, { from, to });
  }
  return { groups: [...groups.values()], links: [...links.values()] };
}
