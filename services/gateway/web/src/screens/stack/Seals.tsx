import { useSeals, type Seal, type SealValue } from '../../api/stacks';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';

const SHOWN = ['seal_temperature_degc', 'seal_pressure_kpa', 'dwell_s', 'vacuum_mbar', 'leak_rate_mbar_l_per_s'] as const;

/** The newest seals: what was measured, and in brackets what was ordered. */
export function Seals() {
  const query = useSeals();
  return (
    <DataView query={query}>
      {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <SealTable seals={items} />)}
    </DataView>
  );
}

function SealTable({ seals }: { seals: readonly Seal[] }) {
  const { t, word } = useI18n();
  const columns: Column<Seal>[] = [
    { id: 'cell', header: t('stack.cell'), cell: (seal) => seal.lot_id },
    ...SHOWN.map(
      (name): Column<Seal> => ({
        id: name,
        header: word('characteristic', name),
        align: 'right',
        cell: (seal) => <Value value={seal.values.find((item) => item.name === name)} />,
      }),
    ),
    { id: 'state', header: t('field.state'), cell: (seal) => word('job_state', seal.state) },
    { id: 'at', header: t('field.updated'), cell: (seal) => <Instant at={seal.ended_at} withYear /> },
  ];
  return (
    <DataTable
      dense
      label={t('stack.seals')}
      columns={columns}
      rows={seals}
      rowKey={(seal) => seal.station_order_id}
      rowLink={(seal) => `/cells/${encodeURIComponent(seal.lot_id)}`}
    />
  );
}

function Value({ value }: { value: SealValue | undefined }) {
  const { number } = useI18n();
  if (value === undefined) return <>{NO_DATA}</>;
  return (
    <>
      <Measure value={value.found} unit={value.unit} />
      {value.ordered !== null && ` (${number(value.ordered)})`}
    </>
  );
}
