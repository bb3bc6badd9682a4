/** Where the groups of a genealogy stand: one column per rank, since the process order is known. */
import type { GroupedGenealogy, GroupLink, LotGroup } from './grouping';

export const BOX = { width: 136, height: 48 };
const COLUMN_PX = 154;
const ROW_PX = 62;
const MARGIN_PX = 8;

/** `group` is null where a line that passes a column bends around its boxes. */
export interface PlacedGroup {
  id: string;
  group: LotGroup | null;
  x: number;
  y: number;
}

export interface GenealogyLayout {
  placed: PlacedGroup[];
  /** The links, cut at their bends. */
  links: GroupLink[];
  width: number;
  height: number;
}

interface Slot {
  id: string;
  group: LotGroup | null;
  column: number;
}

/** Material flows left to right. Columns widen to fill `room` px; with too many of them the drawing is wider. */
export function layOut(genealogy: GroupedGenealogy, room: number): GenealogyLayout {
  const { ranks, slots, links } = cutLongLinks(genealogy);
  const columns = Map.groupBy(slots, (slot) => slot.column);
  const tallest = Math.max(1, ...[...columns.values()].map((members) => members.length));
  const height = tallest * ROW_PX + 2 * MARGIN_PX;
  const width = Math.max(room, ranks.length * COLUMN_PX + 2 * MARGIN_PX);
  const columnPx = (width - 2 * MARGIN_PX) / Math.max(1, ranks.length);

  const heightOf = new Map<string, number>();
  const placed: PlacedGroup[] = [];
  // From the product backwards: each group stands near what was made from it, which keeps lines from crossing.
  for (let column = ranks.length - 1; column >= 0; column -= 1) {
    const members = (columns.get(column) ?? [])
      .map((slot) => ({ slot, pull: pullOf(slot.id, links, heightOf) ?? height / 2 }))
      .sort((one, other) => one.pull - other.pull);
    members.forEach(({ slot }, row) => {
      const y = height / 2 + (row - (members.length - 1) / 2) * ROW_PX;
      heightOf.set(slot.id, y);
      placed.push({ id: slot.id, group: slot.group, x: MARGIN_PX + (column + 0.5) * columnPx, y });
    });
  }
  return { placed, links, width, height };
}

/** A column per rank, and a bend in each column that a link passes. */
function cutLongLinks({ groups, links }: GroupedGenealogy): { ranks: number[]; slots: Slot[]; links: GroupLink[] } {
  const rankOf = new Map(groups.map((group) => [group.id, group.rank]));
  const climb = links.reduce((sum, link) => sum + (rankOf.get(link.to) ?? 0) - (rankOf.get(link.from) ?? 0), 0);
  const ranks = [...new Set(groups.map((group) => group.rank))].sort((one, other) => one - other);
  if (climb < 0) ranks.reverse();
  const columnOf = (id: string) => ranks.indexOf(rankOf.get(id) ?? 0);

  const slots: Slot[] = groups.map((group) => ({ id: group.id, group, column: ranks.indexOf(group.rank) }));
  const cut: GroupLink[] = [];
  for (const link of links) {
    let from = link.from;
    for (let column = columnOf(link.from) + 1; column < columnOf(link.to); column += 1) {
      const bend = `${link.from} ${link.to} ${column}`;
      slots.push({ id: bend, group: null, column });
      cut.push({ from, to: bend });
      from = bend;
    }
    cut.push({ from, to: link.to });
  }
  return { ranks, slots, links: cut };
}

/** The mean height of what was made from `id`; null when nothing was. */
function pullOf(id: string, links: readonly GroupLink[], heightOf: ReadonlyMap<string, number>): number | null {
  const heights = links.filter((link) => link.from === id).flatMap((link) => heightOf.get(link.to) ?? []);
  return heights.length === 0 ? null : heights.reduce((sum, y) => sum + y, 0) / heights.length;
}
