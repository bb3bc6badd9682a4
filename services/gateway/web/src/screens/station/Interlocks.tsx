import { useGivingRoles, type Permission } from '../../api/session';
import { useBlockedJobs, type JobOrder } from '../../api/stations';
import type { Station } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Unread } from '../../parts/Unread';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';

/** What this kind of station may not start, why not, and whom to call for it. */
export function Interlocks({ station }: { station: Station }) {
  const { t } = useI18n();
  return (
    <Panel title={t('station.blocked')}>
      <DataView query={useBlockedJobs(station)}>
        {(jobs, readAt) =>
          jobs.length === 0 ? (
            <None readAt={readAt} />
          ) : (
            <>
              <BlockedTable jobs={jobs} />
              <WhoReleases />
            </>
          )
        }
      </DataView>
    </Panel>
  );
}

function BlockedTable({ jobs }: { jobs: readonly JobOrder[] }) {
  const { t, word } = useI18n();
  const columns: Column<JobOrder>[] = [
    { id: 'job', header: t('station.job'), cell: (job) => job.job_order_id },
    { id: 'operation', header: t('wip.operation'), cell: (job) => word('operation', job.operation) },
    { id: 'why', header: t('station.why'), cell: (job) => <Said of={job.reason} /> },
  ];
  return <DataTable label={t('station.blocked')} columns={columns} rows={jobs} rowKey={(job) => job.job_order_id} />;
}

/** A station's own hold is ended by who operates it, the hold of a gate by who decides on quality. */
export function WhoReleases() {
  const { t } = useI18n();
  const giving = useGivingRoles();
  const rolesOf = (need: Permission) => (giving.data?.[need] ?? []).map((role) => t(`role.${role}`)).join(', ');
  return (
    <>
      <Unread what={t('station.who_releases')} query={giving} />
      {giving.data !== undefined && (
        <p className="job-why">{t('station.released_by', { operate: rolesOf('operate'), decide: rolesOf('decide') })}</p>
      )}
    </>
  );
}
