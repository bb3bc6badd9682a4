import { useMemo } from 'react';
import { Link } from 'react-router';
import type { GenealogyEdge, GenealogyNode } from '../api/types';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { Measure } from '../parts/Measure';
import { DataTable, type Column } from '../ui/DataTable';

interface GenealogyTableProps {
  lots: readonly GenealogyNode[];
  edges: readonly GenealogyEdge[];
  /** The lot this page is about: no link to itself. */
  lotId: string;
}

/** The twin of the graph for screen readers, search and print: every lot, nothing folded. */
export function GenealogyTable({ lots, edges, lotId }: GenealogyTableProps) {
  const { t, word } = useI18n();
  const usedBy = useMemo(() => Map.groupBy(edges, (edge) => edge.from), [edges]);
  const columns: Column<GenealogyNode>[] = [
    {
      id: 'lot',
      header: t('field.lot_id'),
      cell: (lot) =>
        lot.lot_id === lotId ? (
          <strong>{lot.lot_id}</strong>
        ) : (
          <Link className="genealogy-lot" to={`/lots/${encodeURIComponent(lot.lot_id)}`}>
            {lot.lot_id}
          </Link>
        ),
    },
    { id: 'material', header: t('field.material'), cell: (lot) => lot.material_definition_id },
    {
      id: 'quantity',
      header: t('field.quantity'),
      align: 'right',
      cell: (lot) => <Measure value={lot.quantity} unit={lot.unit} />,
    },
    {
      id: 'operation',
      header: t('field.operation'),
      cell: (lot) => (lot.operation === null ? NO_DATA : word('operation', lot.operation)),
    },
    { id: 'equipment', header: t('field.equipment'), cell: (lot) => lot.equipment_id ?? NO_DATA },
    {
      id: 'used_by',
      header: t('field.used_by'),
      cell: (lot) => <Users edges={usedBy.get(lot.lot_id) ?? []} />,
    },
  ];
  return <DataTable label={t('cell.genealogy')} columns={columns} rows={lots} rowKey={(lot) => lot.lot_id} />;
}

const NAMED_USERS = 2;

function Users({ edges }: { edges: readonly GenealogyEdge[] }) {
  const { t } = useI18n();
  if (edges.length === 0) return NO_DATA;
  if (edges.length > NAMED_USERS) return t('genealogy.lots', { count: edges.length });
  return edges.map((edge) => (
    <div key={edge.to}>
      {edge.to} {edge.quantity !== null && <Measure value={edge.quantity} unit={edge.unit} />}
    </div>
  ));
}
