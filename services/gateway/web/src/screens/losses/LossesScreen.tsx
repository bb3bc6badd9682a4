import { useState } from 'react';
import { useLosses, type LossPage, type StationLosses } from '../../api/losses';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { PeriodChoice, type Hours } from '../../parts/PeriodChoice';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import './LossesScreen.css';
import { Stops } from './Stops';
import { TimeBar, TimeLegend } from './TimeBar';

/** Where time went, and what was lost: unknown time stands apart and no ratio is made up. */
export default function LossesScreen() {
  const { t, dateTime } = useI18n();
  const [hours, setHours] = useState<Hours>('24');
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.losses')} />
      <PeriodChoice value={hours} onChange={setHours} />
      <DataView query={useLosses(hours)}>
        {(page, readAt) => (
          <div className="losses">
            <p>{t('alarms.since', { from: dateTime(Date.parse(page.since)), to: dateTime(Date.parse(page.until)) })}</p>
            <Panel title={t('losses.stops')}>
              <Stops page={page} readAt={readAt} />
            </Panel>
            <Panel title={t('losses.stations')} note={<TimeLegend />}>
              {page.stations.length === 0 ? <None readAt={readAt} /> : <Stations page={page} />}
              <Formulas />
            </Panel>
            <Panel title={t('losses.pareto')}>
              <Pareto page={page} readAt={readAt} />
            </Panel>
            <Panel title={t('losses.yields')}>
              <Yields page={page} readAt={readAt} />
            </Panel>
          </div>
        )}
      </DataView>
    </div>
  );
}

function Stations({ page }: { page: LossPage }) {
  const { t, percent, number, duration } = useI18n();
  const ratio = (value: number | null) => (value === null ? NO_DATA : percent(value, 1));
  const span = (value: number | null) => (value === null ? NO_DATA : duration(value));
  const columns: Column<StationLosses>[] = [
    { id: 'name', header: t('losses.station'), cell: (row) => row.equipment_id.split('/').at(-1) },
    { id: 'time', header: t('losses.time'), cell: (row) => <TimeBar times={row.times_s} /> },
    { id: 'availability', header: t('losses.availability'), align: 'right', cell: (row) => <Availability row={row} /> },
    { id: 'effectiveness', header: t('losses.effectiveness'), align: 'right', cell: (row) => ratio(row.effectiveness) },
    {
      id: 'quality',
      header: t('losses.quality'),
      align: 'right',
      cell: (row) => (row.quality === null ? NO_DATA : `${ratio(row.quality)} (${row.released_count}/${row.decided_count})`),
    },
    { id: 'oee', header: 'OEE', align: 'right', cell: (row) => <strong>{ratio(row.oee)}</strong> },
    { id: 'ended', header: t('losses.ended'), align: 'right', cell: (row) => `${row.ended_count} / ${row.aborted_count}` },
    {
      id: 'hours',
      header: t('losses.channel_hours'),
      align: 'right',
      cell: (row) =>
        row.channel_hours_available === null
          ? `${number(row.busy_h)} h`
          : `${number(row.busy_h)} / ${number(row.channel_hours_available)} h`,
    },
    { id: 'mtbf', header: 'MTBF', align: 'right', cell: (row) => span(row.mtbf_s) },
    { id: 'mttr', header: 'MTTR', align: 'right', cell: (row) => span(row.mttr_s) },
  ];
  return <DataTable label={t('losses.stations')} columns={columns} rows={page.stations} rowKey={(row) => row.equipment_id} dense />;
}

/** With unknown time, what it could make of the availability stands beside it. */
function Availability({ row }: { row: StationLosses }) {
  const { percent } = useI18n();
  const value = row.availability === null ? NO_DATA : percent(row.availability, 1);
  if (row.unknown_s < 1 || row.availability_low === null || row.availability_high === null) return value;
  return (
    <>
      {value}
      <small className="losses-soft">{` [${percent(row.availability_low)} … ${percent(row.availability_high)}]`}</small>
    </>
  );
}

function Formulas() {
  const { t } = useI18n();
  return (
    <ul className="losses-soft">
      <li>{t('losses.formula_availability')}</li>
      <li>{t('losses.formula_effectiveness')}</li>
      <li>{t('losses.formula_quality')}</li>
      <li>{t('losses.formula_unknown')}</li>
    </ul>
  );
}

function Pareto({ page, readAt }: { page: LossPage; readAt: number }) {
  const { t, word, duration, percent } = useI18n();
  if (page.pareto.length === 0) return <None readAt={readAt} />;
  return (
    <DataTable
      label={t('losses.pareto')}
      rows={page.pareto}
      rowKey={(row) => row.reason}
      columns={[
        { id: 'reason', header: t('losses.reason'), cell: (row) => word('downtime_reason', row.reason) },
        { id: 'count', header: t('losses.count'), align: 'right', cell: (row) => row.count },
        { id: 'lost', header: t('losses.lost'), align: 'right', cell: (row) => duration(row.lost_s) },
        {
          id: 'share',
          header: t('alarms.share'),
          cell: (row) => (
            <span className="losses-share">
              <span className="losses-share-fill" style={{ inlineSize: `${(row.ratio ?? 0) * 100}%` }} />
            </span>
          ),
        },
        { id: 'ratio', header: '%', align: 'right', cell: (row) => (row.ratio === null ? NO_DATA : percent(row.ratio)) },
        {
          id: 'sum',
          header: t('losses.cumulated'),
          align: 'right',
          cell: (row) => (row.cumulated_ratio === null ? NO_DATA : percent(row.cumulated_ratio)),
        },
      ]}
    />
  );
}

function Yields({ page, readAt }: { page: LossPage; readAt: number }) {
  const { t, word, percent } = useI18n();
  if (page.gates.length === 0) return <None readAt={readAt} />;
  return (
    <DataTable
      label={t('losses.yields')}
      rows={page.gates}
      rowKey={(row) => row.gate}
      columns={[
        { id: 'gate', header: t('losses.gate'), cell: (row) => word('gate_name', row.gate) },
        { id: 'released', header: t('losses.released'), align: 'right', cell: (row) => row.released_count },
        { id: 'decided', header: t('losses.decided'), align: 'right', cell: (row) => row.decided_count },
        { id: 'ratio', header: t('losses.first_pass'), align: 'right', cell: (row) => percent(row.ratio, 1) },
      ]}
    />
  );
}
