import type { ReactNode } from 'react';
import type { Cycle } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n, type I18n } from '../../i18n/I18nProvider';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Measure } from '../../parts/Measure';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import type { Compared } from './compared';

interface Figure {
  id: string;
  name: string;
  of(cell: Compared): ReactNode;
}

/** A row for each figure, a column for each cell. */
export function FigureTable({ compared }: { compared: readonly Compared[] }) {
  const i18n = useI18n();
  const { t } = i18n;
  const columns: Column<Figure>[] = [
    { id: 'figure', header: t('compare.figure'), cell: (figure) => figure.name },
    ...compared.map((cell): Column<Figure> => ({ id: cell.id, header: cell.id, cell: (figure) => figure.of(cell) })),
  ];
  const rows = [...ownFigures(i18n), ...cycleFigures(i18n), ...gateFigures(compared, i18n)];
  return <DataTable label={t('compare.figures')} columns={columns} rows={rows} rowKey={(figure) => figure.id} />;
}

function ownFigures({ t, word }: I18n): Figure[] {
  return [
    { id: 'product', name: t('field.product'), of: ({ record }) => record.cell?.product_id ?? NO_DATA },
    {
      id: 'state',
      name: t('field.operation'),
      of: ({ record }) => (record.cell?.operation == null ? NO_DATA : word('operation', record.cell.operation)),
    },
    {
      id: 'disposition',
      name: t('field.disposition'),
      of: ({ record }) => (record.cell === null ? NO_DATA : <DispositionBadge disposition={record.cell.disposition} />),
    },
    { id: 'grade', name: t('field.grade'), of: ({ record }) => record.cell?.grade ?? NO_DATA },
    { id: 'reason', name: t('field.reason_held'), of: ({ record }) => <Said of={record.cell?.reason} /> },
  ];
}

function cycleFigures({ t, percent }: I18n): Figure[] {
  const first = (cell: Compared): Cycle | undefined => cell.record.formation?.cycles[0];
  const last = (cell: Compared): Cycle | undefined => cell.record.formation?.cycles.at(-1);
  const capacity = (value: number | null | undefined) => <Measure value={value ?? null} unit="mah" />;
  return [
    { id: 'first_charge', name: t('compare.first_charge'), of: (cell) => capacity(first(cell)?.charge_capacity_mah) },
    {
      id: 'first_discharge',
      name: t('compare.first_discharge'),
      of: (cell) => capacity(first(cell)?.discharge_capacity_mah),
    },
    { id: 'ice', name: t('compare.ice'), of: (cell) => efficiency(first(cell), percent) },
    { id: 'last', name: t('compare.last_discharge'), of: (cell) => capacity(last(cell)?.discharge_capacity_mah) },
    { id: 'last_ce', name: t('formation.efficiency'), of: (cell) => efficiency(last(cell), percent) },
    {
      id: 'retention',
      name: t('compare.retention'),
      of: (cell) => {
        const ratio = last(cell)?.retention_ratio;
        return ratio == null ? NO_DATA : percent(ratio, 2);
      },
    },
  ];
}

/** With its uncertainty: a smaller difference between two cells means nothing. */
function efficiency(cycle: Cycle | undefined, percent: I18n['percent']): string {
  const ratio = cycle?.coulombic_efficiency_ratio ?? null;
  const uncertainty = cycle?.coulombic_efficiency_uncertainty_ratio ?? null;
  if (ratio === null) return NO_DATA;
  return uncertainty === null ? percent(ratio, 2) : `${percent(ratio, 2)} ± ${percent(uncertainty, 2)}`;
}

/** What any of the cells was judged by, in the order in which gates decided. */
function gateFigures(compared: readonly Compared[], { word }: I18n): Figure[] {
  const names = new Map<string, { gate: string; characteristic: string }>();
  for (const { record } of compared)
    for (const { gate, characteristic } of record.gates ?? []) names.set(`${gate} ${characteristic}`, { gate, characteristic });
  return [...names].map(([id, { gate, characteristic }]) => ({
    id,
    name: `${word('gate_name', gate)}: ${word('characteristic', characteristic)}`,
    of: ({ record }) => {
      const result = record.gates?.findLast((each) => each.gate === gate && each.characteristic === characteristic);
      if (result === undefined) return NO_DATA;
      if (typeof result.value === 'number') return <Measure value={result.value} unit={result.unit} />;
      return result.value ?? <DispositionBadge disposition={result.disposition} />;
    },
  }));
}
