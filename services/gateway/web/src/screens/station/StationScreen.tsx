import { useParams } from 'react-router';
import { useOverview } from '../../api/queries';
import { useStationJobs, type JobOrder } from '../../api/stations';
import type { Station } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { StationTile } from '../overview/StationTile';
import { Interlocks } from './Interlocks';
import { JobsThere } from './JobsThere';
import { OfferPanel } from './OfferPanel';
import './StationScreen.css';

/** One station: what it does now, what can be asked of it, its newest job orders and what it offers. */
export default function StationScreen() {
  const { t } = useI18n();
  const { equipmentId = '' } = useParams();
  return (
    <div className="screen">
      <DataView query={useOverview()} live>
        {({ stations, alarms }) => {
          const station = stations.find((one) => one.equipment_id === equipmentId);
          if (station === undefined) return <Notice mark="unknown">{t('station.unknown', { id: equipmentId })}</Notice>;
          const unanswered = alarms.some((alarm) => !alarm.acknowledged && alarm.source === equipmentId);
          return (
            <>
              <h1>{station.name}</h1>
              <div className="station-screen">
                <StationTile station={station} unanswered={unanswered} />
                {station.kind !== 'tester' && <Jobs station={station} />}
                <Interlocks station={station} />
                {station.kind !== 'tester' && <OfferPanel station={station} />}
              </div>
            </>
          );
        }}
      </DataView>
    </div>
  );
}

function Jobs({ station }: { station: Station }) {
  const { t } = useI18n();
  const query = useStationJobs(station);
  return (
    <>
      <Panel title={t('station.now')}>
        <DataView query={query}>
          {({ items }, readAt) => <JobsThere station={station} jobs={items} readAt={readAt} />}
        </DataView>
      </Panel>
      <Panel title={t('station.jobs')}>
        <DataView query={query}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <JobTable jobs={items} />)}
        </DataView>
      </Panel>
    </>
  );
}

function JobTable({ jobs }: { jobs: readonly JobOrder[] }) {
  const { t, word } = useI18n();
  const columns: Column<JobOrder>[] = [
    { id: 'job', header: t('station.job'), cell: (job) => job.job_order_id },
    { id: 'operation', header: t('wip.operation'), cell: (job) => word('operation', job.operation) },
    { id: 'state', header: t('field.state'), cell: (job) => word('job_state', job.state) },
    { id: 'began', header: t('station.began'), cell: (job) => <Instant at={job.started_at} /> },
    { id: 'ended', header: t('station.ended'), cell: (job) => <Instant at={job.ended_at} /> },
    { id: 'why', header: t('station.why'), cell: (job) => job.reason ?? NO_DATA },
  ];
  return <DataTable label={t('station.jobs')} columns={columns} rows={jobs} rowKey={(job) => job.job_order_id} />;
}
