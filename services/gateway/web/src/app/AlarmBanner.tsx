import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { useAcknowledge } from '../api/commands';
import type { Alarm, Overview } from '../api/types';
import { useI18n } from '../i18n/I18nProvider';
import { useLinkState, usePlantInstant } from '../live/LiveProvider';
import { plantTimeAt } from '../live/plant-clock';
import { reasonOf } from '../parts/reason-of';
import { Said } from '../parts/Said';
import { Button } from '../ui/Button';
import { Mark } from '../ui/Mark';
import './AlarmBanner.css';

/** Most urgent first, then longest standing. */
function byUrgency(one: Alarm, other: Alarm): number {
  return one.priority - other.priority || Date.parse(one.raised_at) - Date.parse(other.raised_at);
}

/** The alarm to answer first. A silent alarm source must never look like a quiet plant. */
export function AlarmBanner({ overview }: { overview: UseQueryResult<Overview> }) {
  const { t, time } = useI18n();
  const now = usePlantInstant();
  const unsure = useLinkState() === 'stale' || overview.isError;
  const alarms = overview.data?.alarms;
  const readAt = time(plantTimeAt(now, overview.dataUpdatedAt));
  const open = alarms?.filter((alarm) => !alarm.acknowledged).sort(byUrgency) ?? [];
  const first = open[0];
  const leftOff = overview.data?.alarms_left_off_count ?? 0;

  // Not isError: that is no more while it is asked again.
  if (alarms === undefined) return <Quiet unsure={overview.errorUpdateCount > 0} text={t('alarm.never_read')} />;
  if (first === undefined) {
    if (unsure) return <Quiet unsure text={t('alarm.unknown', { time: readAt })} />;
    // What a dead service would raise nobody hears: that must not look like a quiet plant.
    const silent = overview.data?.services.filter(({ ready, late }) => !ready || late) ?? [];
    if (silent.length > 0) {
      return <Quiet unsure text={t('alarm.silent', { services: silent.map(({ service }) => service).join(', ') })} />;
    }
    const key = alarms.length === 0 ? 'alarm.none' : 'alarm.all_acknowledged';
    return <Quiet unsure={false} text={t(key, { count: alarms.length + leftOff, time: readAt })} />;
  }
  return <OpenAlarm key={first.alarm_id} alarm={first} more={open.length - 1 + leftOff} unsure={unsure} />;
}

interface OpenAlarmProps {
  alarm: Alarm;
  /** How many more alarms stand, without those that are known to be acknowledged. */
  more: number;
  unsure: boolean;
}

/** One alarm with the button that acknowledges it; the next one is drawn anew and owes nothing to this one's command. */
function OpenAlarm({ alarm, more, unsure }: OpenAlarmProps) {
  const i18n = useI18n();
  const { t, time, word } = i18n;
  const [whole, setWhole] = useState(false);
  const { send, mutation } = useAcknowledge(alarm.alarm_id);
  return (
    <div className={unsure ? 'alarm-banner alarm-banner-unsure' : 'alarm-banner'} role="alert" aria-label={t('alarm.label')}>
      <Mark kind={`alarm-${alarm.priority}`} blinking />
      <span className="visually-hidden">{t('alarm.priority', { priority: alarm.priority })}</span>
      <div className="alarm-banner-text">
        <button type="button" className="alarm-banner-words" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          <Said of={alarm.text} />
        </button>
        <span>{`${word('alarm_code', alarm.code)} · ${alarm.source} · ${time(Date.parse(alarm.raised_at))}`}</span>
        {mutation.error !== null && (
          <span className="alarm-banner-failed">
            <Mark kind="bad" /> {t('alarm.not_acknowledged', { reason: reasonOf(mutation.error, i18n) })}
          </span>
        )}
      </div>
      {more > 0 && (
        <Link to="/alarms" className="alarm-banner-more">
          {t('alarm.more', { count: more })}
        </Link>
      )}
      <Button busy={mutation.isPending} onPress={send}>
        {t(mutation.isPending ? 'alarm.acknowledging' : 'alarm.acknowledge')}
      </Button>
    </div>
  );
}

function Quiet({ unsure, text }: { unsure: boolean; text: string }) {
  return (
    <div className={unsure ? 'alarm-banner alarm-banner-unsure' : 'alarm-banner'} role="status">
      {unsure && <Mark kind="unknown" />}
      <span className="alarm-banner-quiet">{text}</span>
    </div>
  );
}
