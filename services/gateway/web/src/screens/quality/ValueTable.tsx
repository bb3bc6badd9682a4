import type { Gate, GateValue } from '../../api/quality';
import { NO_DATA, unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Measure } from '../../parts/Measure';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';

/** Those that are not released stand first: they are what a person came for. */
const worstFirst = (a: GateValue, b: GateValue) => Number(a.disposition === 'released') - Number(b.disposition === 'released');

/** Each value with the limits, guard band and protocol that it was held against; no value is unknown, not zero. */
export function ValueTable({ gate }: { gate: Gate }) {
  const { t, word } = useI18n();
  const columns: Column<GateValue>[] = [
    { id: 'lot', header: t('gates.lot'), cell: (one) => <span style={{ whiteSpace: 'nowrap' }}>{one.lot_id}</span> },
    { id: 'what', header: t('gate.characteristic'), cell: (one) => word('characteristic', one.characteristic) },
    { id: 'value', header: t('gate.value'), align: 'right', cell: (one) => <Value one={one} /> },
    { id: 'limits', header: t('gate.limits'), cell: (one) => <Limits one={one} /> },
    { id: 'protocol', header: t('gates.protocol'), cell: (one) => one.protocol ?? NO_DATA },
    { id: 'waiver', header: t('gates.waiver'), cell: (one) => one.waiver_id ?? NO_DATA },
    { id: 'disposition', header: t('field.disposition'), cell: (one) => <DispositionBadge disposition={one.disposition} /> },
    { id: 'reason', header: t('field.reason'), cell: (one) => <Said of={one.reason} /> },
  ];
  return (
    <DataTable
      label={t('gates.values', { gate: word('gate_name', gate.gate) })}
      columns={columns}
      rows={gate.results.toSorted(worstFirst)}
      rowKey={(one) => `${one.lot_id} ${one.characteristic}`}
    />
  );
}

function Value({ one: { value, unit } }: { one: GateValue }) {
  const { t } = useI18n();
  if (value === null) return <Badge mark="unknown">{t('gates.unknown')}</Badge>;
  return typeof value === 'string' ? <span>{value}</span> : <Measure value={value} unit={unit} />;
}

function Limits({ one: { low, high, unit, guard } }: { one: GateValue }) {
  const { t, number } = useI18n();
  if (low === null && high === null) return <span>{t('gate.no_limits')}</span>;
  const range = low === null ? `≤ ${number(high ?? 0)}` : high === null ? `≥ ${number(low)}` : `${number(low)} – ${number(high)}`;
  const inside = guard === null ? '' : ` (${t('gates.guard', { guard: number(guard) })})`;
  return <span style={{ whiteSpace: 'nowrap' }}>{`${range}\u00a0${unitLabel(unit)}${inside}`}</span>;
}
