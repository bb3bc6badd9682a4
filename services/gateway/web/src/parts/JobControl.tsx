import { useState } from 'react';
import type { QueryKey } from '@tanstack/react-query';
import { useJobControl, type Asked, type JobOrder } from '../api/stations';
import { useCaller } from '../app/session/SessionGate';
import { useI18n } from '../i18n/I18nProvider';
import { Badge } from '../ui/Badge';
import { Button } from '../ui/Button';
import { Refusal } from './Refusal';
import './JobControl.css';

type ForGood = 'stop' | 'abort';
const isForGood = (asked: Asked): asked is ForGood => asked === 'stop' || asked === 'abort';

interface JobControlProps {
  service: string;
  job: JobOrder;
  /** What the machine can be asked now. */
  able: readonly Asked[];
  /** The query that shows what became of it. */
  seenIn: QueryKey;
}

/** The buttons for who may press them. What was asked is pending until the machine has done or refused it. */
export function JobControl({ service, job, able, seenIn }: JobControlProps) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const { ask, mutation } = useJobControl(service, job.job_order_id, seenIn);
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

/** An interrupted job that its machine does not keep is started again or, when it may have begun, given up, by who has looked. */
export const askableOfLost = (job: JobOrder): readonly Asked[] => (job.started_at === null ? ['resume'] : ['resume', 'abort']);
