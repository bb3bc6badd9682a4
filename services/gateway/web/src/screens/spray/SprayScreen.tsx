import { useInterlocks, useSprayJobs, useSprayStations, type Interlock, type SprayJob, type SprayStation } from '../../api/spray';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Unread } from '../../parts/Unread';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { CurePanel } from './CurePanel';
import { GluePanel } from './GluePanel';
import { OperatorPanel } from './OperatorPanel';
import { WeighOutPanel } from './WeighOutPanel';

const OPEN = ['allowed_to_start', 'running'];

/** What the spray stations do and wait for, their newest jobs, the glue pots and the cure. */
export default function SprayScreen() {
  const { t } = useI18n();
  const stations = useSprayStations();
  const interlocks = useInterlocks();
  const jobs = useSprayJobs();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.spray')} />
      <Panel title={t('spray.stations')}>
        <Unread what={t('spray.waits')} query={interlocks} />
        <DataView query={stations}>
          {({ items }, readAt) =>
            items.length === 0 ? (
              <None readAt={readAt} />
            ) : (
              <StationTable stations={items} waiting={interlocks.data?.items ?? null} jobs={jobs.data?.items ?? []} />
            )
          }
        </DataView>
      </Panel>
      <OperatorPanel />
      <GluePanel />
      <WeighOutPanel />
      <Panel title={t('spray.jobs')}>
        <DataView query={jobs}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <JobTable jobs={items} />)}
        </DataView>
      </Panel>
      <CurePanel />
    </div>
  );
}

interface StationTableProps {
  stations: readonly SprayStation[];
  /** Null while it is not known what they wait for. */
  waiting: readonly Interlock[] | null;
  jobs: readonly SprayJob[];
}

function StationTable({ stations, waiting, jobs }: StationTableProps) {
  const { t } = useI18n();
  const jobOf = (station: SprayStation) =>
    jobs.find((job) => job.equipment_id === station.equipment_id && OPEN.includes(job.state));
  const waitOf = (station: SprayStation) => waiting?.find((one) => one.equipment_id === station.equipment_id);
  const columns: Column<SprayStation>[] = [
    { id: 'station', header: t('spray.station'), cell: ({ equipment_id }) => nameOf(equipment_id) },
    { id: 'state', header: t('field.state'), cell: (one) => <StationState station={one} wait={waiting === null ? null : waitOf(one)} job={jobOf(one)} /> },
    { id: 'job', header: t('spray.job'), cell: (one) => jobOf(one)?.station_order_id ?? NO_DATA },
    { id: 'recipe', header: t('spray.recipe'), cell: (one) => recipeOf(jobOf(one)) },
    { id: 'why', header: t('spray.why'), cell: (one) => <Said of={whyOf(one, waitOf(one))} otherwise={NO_DATA} /> },
    { id: 'since', header: t('spray.since'), cell: (one) => <Instant at={waitOf(one)?.since ?? null} /> },
  ];
  return <DataTable label={t('spray.stations')} columns={columns} rows={stations} rowKey={(one) => one.equipment_id} />;
}

function StationState({ station, wait, job }: { station: SprayStation; wait: Interlock | null | undefined; job: SprayJob | undefined }) {
  const { t } = useI18n();
  if (!station.connected) return <Badge mark="unknown">{t('spray.silent')}</Badge>;
  if (station.unusable !== null || (wait !== undefined && wait !== null && wait.trouble !== null)) return <Badge mark="bad">{t('spray.down')}</Badge>;
  if (wait === null) return <Badge mark="unknown">{t('gates.unknown')}</Badge>;
  if (wait !== undefined) return <Badge mark="near">{t('spray.waits')}</Badge>;
  return <Badge mark={null}>{t(job?.state === 'running' ? 'spray.sprays' : 'spray.free')}</Badge>;
}

function JobTable({ jobs }: { jobs: readonly SprayJob[] }) {
  const { t, word } = useI18n();
  const columns: Column<SprayJob>[] = [
    { id: 'job', header: t('spray.job'), cell: (job) => job.station_order_id },
    { id: 'station', header: t('spray.station'), cell: (job) => nameOf(job.equipment_id) },
    { id: 'recipe', header: t('spray.recipe'), cell: recipeOf },
    { id: 'state', header: t('field.state'), cell: (job) => word('job_state', job.state) },
    { id: 'parts', header: t('spray.pellets'), align: 'right', cell: (job) => job.parts_count },
    { id: 'faces', header: t('spray.faces'), cell: (job) => <Faces job={job} /> },
    { id: 'arcs', header: t('spray.arcs'), align: 'right', cell: (job) => job.arc_count ?? NO_DATA },
    { id: 'began', header: t('spray.began'), cell: (job) => <Instant at={job.started_at} /> },
    { id: 'why', header: t('spray.why'), cell: (job) => <Said of={job.reason} otherwise={NO_DATA} /> },
  ];
  return (
    <DataTable
      label={t('spray.jobs')}
      columns={columns}
      rows={jobs}
      rowKey={(job) => job.station_order_id}
      rowLink={(job) => `/spray/jobs/${encodeURIComponent(job.station_order_id)}`}
    />
  );
}

function Faces({ job }: { job: SprayJob }) {
  const { t } = useI18n();
  if (job.faces_count === 0) return <span>{NO_DATA}</span>;
  if (job.bad_count > 0) return <Badge mark="bad">{t('spray.faces_bad', { bad: job.bad_count, all: job.faces_count })}</Badge>;
  return <Badge mark="good">{t('spray.faces_good', { all: job.faces_count })}</Badge>;
}

function recipeOf(job: SprayJob | undefined): string {
  return job === undefined ? NO_DATA : `${job.recipe_id} v${job.recipe_version}`;
}

function whyOf(station: SprayStation, wait: Interlock | undefined): string | null {
  return station.trouble ?? station.unusable ?? wait?.trouble ?? wait?.reason ?? null;
}

export function nameOf(equipmentId: string): string {
  return equipmentId.slice(equipmentId.lastIndexOf('/') + 1);
}
