import { stationKey, useStationOffer, type Asked, type JobOrder, type StationOffer } from '../../api/stations';
import type { Station } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { JobControl, askableOfLost } from '../../parts/JobControl';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { Facts } from '../../ui/Facts';
import { WhoReleases } from './Interlocks';

const METHOD = { pause: 'Pause', stop: 'Stop', abort: 'Abort' } as const;

interface JobsThereProps {
  station: Station;
  jobs: readonly JobOrder[];
  readAt: number;
}

/** What runs or stands at a station, once for job orders that are one job there, with what can be asked of it. */
export function JobsThere({ station, jobs, readAt }: JobsThereProps) {
  const open = jobs.filter(({ state }) => state === 'running' || state === 'interrupted');
  const together = [...Map.groupBy(open, (job) => job.station_order_id ?? job.job_order_id)];
  if (together.length === 0) return <None readAt={readAt} />;
  return (
    <ul className="jobs-there">
      {together.map(([id, members]) => (
        <li key={id}>
          <JobThere station={station} members={members} />
        </li>
      ))}
    </ul>
  );
}

function JobThere({ station, members }: { station: Station; members: readonly JobOrder[] }) {
  const { t, word } = useI18n();
  const offer = useStationOffer(station).data ?? null;
  const job = members[0];
  if (job === undefined) return null;
  const others = members.length - 1;
  const facts = [
    { name: t('station.job'), value: others === 0 ? job.job_order_id : t('station.more', { id: job.job_order_id, others }) },
    { name: t('wip.operation'), value: word('operation', job.operation) },
    { name: t('field.state'), value: job.paused ? <Badge mark="held">{t('station.paused')}</Badge> : word('job_state', job.state) },
    { name: t('station.began'), value: <Instant at={job.started_at} /> },
  ];
  return (
    <>
      <Facts facts={facts} />
      {job.reason !== null && <p className="job-why"><Said of={job.reason} /></p>}
      {job.state === 'interrupted' && !job.paused && <WhoReleases />}
      <JobControl
        service={station.service}
        job={job}
        able={askable(job, offer)}
        seenIn={stationKey(station.equipment_id)}
      />
    </>
  );
}

/** What a job can be asked as it stands, as far as its station has the method; a lost one is the service's. */
function askable(job: JobOrder, offer: StationOffer | null): readonly Asked[] {
  if (job.paused) return ['resume', 'stop', 'abort'];
  if (job.state !== 'running') return askableOfLost(job);
  return (['pause', 'stop', 'abort'] as const).filter((asked) => offer === null || offer.offers.includes(METHOD[asked]));
}
