import { useStationJobs, type JobOrder } from '../../api/stations';
import type { Station } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { JobsThere } from './JobsThere';

/** What is at a station now and can be asked of it, and its newest job orders. */
export function JobPanels({ station }: { station: Station }) {
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
    { id: 'why', header: t('station.why'), cell: (job) => <Said of={job.reason} otherwise={NO_DATA} /> },
  ];
  return <DataTable label={t('station.jobs')} columns={columns} rows={jobs} rowKey={(job) => job.job_order_id} />;
}
