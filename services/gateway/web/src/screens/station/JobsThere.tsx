import { useState } from 'react';
import { useJobControl, useStationOffer, type Asked, type JobOrder } from '../../api/stations';
import type { Station } from '../../api/types';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Refusal } from '../../parts/Refusal';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Facts } from '../../ui/Facts';
import { WhoReleases } from './Interlocks';

const METHOD: Record<Asked, string> = { pause: 'Pause', resume: 'Resume', stop: 'Stop', abort: 'Abort' };
type ForGood = 'stop' | 'abort';
const isForGood = (asked: Asked): asked is ForGood => asked === 'stop' || asked === 'abort';

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
      <Control station={station} job={job} />
    </>
  );
}

/** The buttons for who may press them. What was asked is pending until the station has done or refused it. */
function Control({ station, job }: { station: Station; job: JobOrder }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const offer = useStationOffer(station).data ?? null;
  const { ask, mutation } = useJobControl(station, job.job_order_id);
  const [doubted, setDoubted] = useState<ForGood | null>(null);
  if (!permissions.includes('operate')) return <p className="job-why">{t('station.may_not')}</p>;
  if (job.asked !== null) {
    const asked = t(`station.${job.asked}`);
    return <Badge mark="near">{t('station.pending', { asked, person: job.asked_by ?? '' })}</Badge>;
  }
  if (doubted !== null) {
    const sure = () => {
      setDoubted(null);
      ask(doubted);
    };
    return (
      <div className="job-control" role="group" aria-label={t(`station.sure_${doubted}`)}>
        <span>{t(`station.sure_${doubted}`)}</span>
        <Button command onPress={sure}>{t(`station.${doubted}`)}</Button>
        <Button onPress={() => setDoubted(null)}>{t('station.no')}</Button>
      </div>
    );
  }
  const able = askable(job).filter((asked) => job.state === 'interrupted' || offer === null || offer.offers.includes(METHOD[asked]));
  return (
    <div className="job-control">
      {able.map((asked) => (
        <Button
          key={asked}
          command
          busy={mutation.isPending}
          onPress={() => (isForGood(asked) ? setDoubted(asked) : ask(asked))}
        >
          {t(asked === 'resume' && !job.paused ? 'station.again' : `station.${asked}`)}
        </Button>
      ))}
      <Refusal error={mutation.error} />
    </div>
  );
}

/** An interrupted job that the station does not keep is started again or, when it may have begun, given up, by who has looked. */
function askable(job: JobOrder): readonly Asked[] {
  if (job.state === 'running') return ['pause', 'stop', 'abort'];
  if (job.paused) return ['resume', 'stop', 'abort'];
  return job.started_at === null ? ['resume'] : ['resume', 'abort'];
}
