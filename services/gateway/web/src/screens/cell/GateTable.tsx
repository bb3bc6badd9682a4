import type { GateResult } from '../../api/types';
import { unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';

export function GateTable({ gates, readAt }: { gates: readonly GateResult[]; readAt: number }) {
  const { t, word } = useI18n();
  if (gates.length === 0) return <None readAt={readAt} />;
  const columns: Column<GateResult>[] = [
    { id: 'gate', header: t('gate.gate'), cell: (result) => word('gate_name', result.gate) },
    { id: 'characteristic', header: t('gate.characteristic'), cell: (result) => word('characteristic', result.characteristic) },
    {
      id: 'value',
      header: t('gate.value'),
      align: 'right',
      cell: ({ value, unit }) => (typeof value === 'string' ? value : <Measure value={value} unit={unit} />),
    },
    { id: 'limits', header: t('gate.limits'), cell: (result) => <Limits result={result} /> },
    {
      id: 'disposition',
      header: t('field.disposition'),
      cell: (result) => <DispositionBadge disposition={result.disposition} />,
    },
    { id: 'reason', header: t('field.reason'), cell: (result) => <Said of={result.reason} /> },
    { id: 'evaluated', header: t('gate.evaluated'), cell: (result) => <Instant at={result.evaluated_at} withYear /> },
  ];
  return (
    <DataTable
      label={t('cell.gates')}
      columns={columns}
      rows={gates}
      rowKey={(result) => `${result.gate} ${result.characteristic} ${result.evaluated_at}`}
    />
  );
}

function Limits({ result: { low, high, unit } }: { result: GateResult }) {
  const { t, number } = useI18n();
  if (low === null && high === null) return t('gate.no_limits');
  const range = low === null ? `≤ ${number(high ?? 0)}` : high === null ? `≥ ${number(low)}` : `${number(low)} – ${number(high)}`;
  return <span style={{ whiteSpace: 'nowrap' }}>{`${range}\u00a0${unitLabel(unit)}`}</span>;
}
