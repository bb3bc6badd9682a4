import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { Gathered, HeldLot, OpenExposureEnd, OpenJob, OpenKind, OpenLimit, OpenThings, UnexplainedStop } from '../../api/handovers';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { NotRead } from '../../parts/Missing';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { searchPath } from '../search/search-path';
import './handover.css';

const ORDER: readonly OpenKind[] = ['held_lots', 'alarms', 'job_orders', 'time_limits', 'exposures', 'stops'];

/** All that stands open, a panel each; one that could not be read says so and is never empty. */
export function OpenLists({ gathered, readAt }: { gathered: Gathered; readAt: ReactNode }) {
  const { t } = useI18n();
  const { open, counts, missing } = gathered;
  return (
    <>
      {missing.length > 0 && <Notice mark="unknown">{t('handover.missing', { what: missing.join('; ') })}</Notice>}
      {ORDER.map((kind) => (
        <Panel key={kind} title={t(`handover.${kind}`)} note={<Count of={counts[kind]} shown={open[kind]?.length} />}>
          {open[kind] === null ? <NotRead /> : open[kind].length === 0 ? readAt : <List kind={kind} open={open} />}
        </Panel>
      ))}
    </>
  );
}

function Count({ of: count, shown }: { of: number | undefined; shown: number | undefined }) {
  const { t } = useI18n();
  if (count === undefined) return null;
  return <>{count === shown ? count : t('handover.cut', { shown: shown ?? 0, count })}</>;
}

function List({ kind, open }: { kind: OpenKind; open: OpenThings }) {
  switch (kind) {
    case 'held_lots':
      return <HeldLots lots={open.held_lots ?? []} />;
    case 'alarms':
      return <Alarms alarms={open.alarms} />;
    case 'job_orders':
      return <Jobs jobs={open.job_orders} />;
    case 'time_limits':
      return <Limits limits={open.time_limits ?? []} />;
    case 'exposures':
      return <Exposures lots={open.exposures ?? []} />;
    case 'stops':
      return <Stops stops={open.stops} />;
  }
}

const lotLink = (lotId: string) => <Link to={searchPath(lotId)}>{lotId}</Link>;

function HeldLots({ lots }: { lots: readonly HeldLot[] }) {
  const { t, word } = useI18n();
  const columns: Column<HeldLot>[] = [
    { id: 'lot', header: t('handover.lot'), cell: (row) => lotLink(row.lot_id) },
    { id: 'gate', header: t('handover.gate'), cell: (row) => word('gate_name', row.gate) },
    { id: 'reason', header: t('handover.reason'), cell: (row) => <span className="handover-words"><Said of={row.reason} /></span> },
    { id: 'since', header: t('handover.since'), cell: (row) => <Instant at={row.held_at} /> },
  ];
  return <DataTable dense label={t('handover.held_lots')} columns={columns} rows={lots} rowKey={(row) => `${row.lot_id} ${row.gate}`} />;
}

function Alarms({ alarms }: { alarms: OpenThings['alarms'] }) {
  const { t, word } = useI18n();
  const columns: Column<OpenThings['alarms'][number]>[] = [
    {
      id: 'alarm',
      header: t('handover.alarm'),
      cell: (row) => (
        <>
          <Mark kind={`alarm-${row.priority}`} /> {word('alarm_code', row.code)}
        </>
      ),
    },
    { id: 'source', header: t('handover.source'), cell: (row) => row.source },
    { id: 'text', header: t('handover.reason'), cell: (row) => <span className="handover-words"><Said of={row.text} /></span> },
    {
      id: 'state',
      header: t('handover.state'),
      cell: (row) => (
        <>
          {word('alarm_state', row.state)} {row.hidden_until !== null && <Instant at={row.hidden_until} />}
        </>
      ),
    },
  ];
  return <DataTable dense label={t('handover.alarms')} columns={columns} rows={alarms} rowKey={(row) => row.alarm_id} />;
}

function Jobs({ jobs }: { jobs: readonly OpenJob[] }) {
  const { t, word } = useI18n();
  const columns: Column<OpenJob>[] = [
    { id: 'station', header: t('handover.station'), cell: (row) => row.equipment_id?.split('/').at(-1) ?? '–' },
    { id: 'operation', header: t('handover.operation'), cell: (row) => word('operation', row.operation) },
    { id: 'lot', header: t('handover.lot'), cell: (row) => lotLink(row.lot_id) },
    { id: 'state', header: t('handover.state'), cell: (row) => word('job_state', row.state) },
    { id: 'since', header: t('handover.since'), cell: (row) => <Instant at={row.started_at} /> },
    { id: 'reason', header: t('handover.reason'), cell: (row) => <span className="handover-words"><Said of={row.reason} otherwise="–" /></span> },
  ];
  return <DataTable dense label={t('handover.job_orders')} columns={columns} rows={jobs} rowKey={(row) => row.job_order_id} />;
}

function Limits({ limits }: { limits: readonly OpenLimit[] }) {
  const { t, word } = useI18n();
  const columns: Column<OpenLimit>[] = [
    { id: 'lot', header: t('handover.lot'), cell: (row) => lotLink(row.lot_id) },
    { id: 'name', header: t('handover.limit'), cell: (row) => word('time_limit', row.name) },
    { id: 'kind', header: t('handover.kind'), cell: (row) => word('limit_kind', row.kind) },
    { id: 'ends', header: t('handover.ends'), cell: (row) => <Instant at={row.limit_at} /> },
    { id: 'state', header: t('handover.state'), cell: (row) => word('limit_state', row.state) },
  ];
  return <DataTable dense label={t('handover.time_limits')} columns={columns} rows={limits} rowKey={(row) => `${row.lot_id} ${row.name}`} />;
}

function Exposures({ lots }: { lots: readonly OpenExposureEnd[] }) {
  const { t, word } = useI18n();
  const columns: Column<OpenExposureEnd>[] = [
    { id: 'lot', header: t('handover.lot'), cell: (row) => lotLink(row.lot_id) },
    { id: 'open', header: t('handover.open_state'), cell: (row) => word('open_state', row.open_state) },
    { id: 'ends', header: t('handover.ends'), cell: (row) => <Instant at={row.limit_at} /> },
    { id: 'state', header: t('handover.state'), cell: (row) => word('exposure_state', row.state) },
    { id: 'reason', header: t('handover.reason'), cell: (row) => <span className="handover-words"><Said of={row.reason} otherwise="–" /></span> },
  ];
  return <DataTable dense label={t('handover.exposures')} columns={columns} rows={lots} rowKey={(row) => `${row.lot_id} ${row.open_state}`} />;
}

function Stops({ stops }: { stops: readonly UnexplainedStop[] }) {
  const { t, duration } = useI18n();
  const columns: Column<UnexplainedStop>[] = [
    { id: 'station', header: t('handover.station'), cell: (row) => row.equipment_id.split('/').at(-1) },
    { id: 'begun', header: t('handover.since'), cell: (row) => <Instant at={row.begun_at} /> },
    { id: 'lasted', header: t('losses.lost'), align: 'right', cell: (row) => duration(row.duration_s) },
    { id: 'said', header: t('losses.station_says'), cell: (row) => <span className="handover-words"><Said of={row.reason} otherwise="–" /></span> },
  ];
  return <DataTable dense label={t('handover.stops')} columns={columns} rows={stops} rowKey={(row) => `${row.equipment_id} ${row.begun_at}`} />;
}
