import { useState } from 'react';
import { useFurnaceHours, type FurnaceHours } from '../../api/furnaces';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { Select } from '../../ui/Select';

const SPANS_DAYS = [1, 7, 30] as const;

/** How many hours each furnace ran, was closed, or neither, over the last days. */
export function FurnaceHoursPanel() {
  const { t } = useI18n();
  const [days, setDays] = useState('7');
  const query = useFurnaceHours(Number(days));
  const options = SPANS_DAYS.map((span) => ({ value: String(span), label: t('furnace.last_days', { days: span }) }));
  return (
    <Panel title={t('furnace.hours')}>
      <Select label={t('furnace.hours_span')} options={options} value={days} onChange={setDays} />
      <DataView query={query}>
        {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <HoursTable items={items} />)}
      </DataView>
    </Panel>
  );
}

function HoursTable({ items }: { items: readonly FurnaceHours[] }) {
  const { t, number, percent } = useI18n();
  const hours = (value: number) => number(Math.round(10 * value) / 10);
  const columns: Column<FurnaceHours>[] = [
    { id: 'furnace', header: t('furnace.furnace'), cell: (row) => row.equipment_id.split('/').at(-1) },
    { id: 'loads', header: t('furnace.loads'), align: 'right', cell: (row) => row.load_count },
    { id: 'running', header: t('furnace.running_h'), align: 'right', cell: (row) => hours(row.running_h) },
    { id: 'closed', header: t('furnace.closed_h'), align: 'right', cell: (row) => hours(row.closed_h) },
    { id: 'before', header: t('furnace.before_h'), align: 'right', cell: (row) => hours(row.before_h) },
    { id: 'other', header: t('furnace.other_h'), align: 'right', cell: (row) => hours(row.other_h) },
    {
      id: 'ratio',
      header: t('furnace.utilisation'),
      align: 'right',
      cell: (row) => (row.utilisation_ratio === null ? NO_DATA : percent(row.utilisation_ratio)),
    },
  ];
  return <DataTable label={t('furnace.hours')} columns={columns} rows={items} rowKey={(row) => row.equipment_id} />;
}
