import type { UseQueryResult } from '@tanstack/react-query';
import type { Alarm, Overview } from '../api/types';
import { useI18n } from '../i18n/I18nProvider';
import { useLinkState, usePlantInstant } from '../live/LiveProvider';
import { plantTimeAt } from '../live/plant-clock';
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

  if (alarms === undefined) return <Quiet unsure={overview.isError} text={t('alarm.never_read')} />;
  if (first === undefined) {
    if (unsure) return <Quiet unsure text={t('alarm.unknown', { time: readAt })} />;
    const key = alarms.length === 0 ? 'alarm.none' : 'alarm.all_acknowledged';
    return <Quiet unsure={false} text={t(key, { count: alarms.length, time: readAt })} />;
  }
  return (
    <div className={unsure ? 'alarm-banner alarm-banner-unsure' : 'alarm-banner'} role="alert" aria-label={t('alarm.label')}>
      <Mark kind={`alarm-${first.priority}`} blinking />
      <span className="visually-hidden">{t('alarm.priority', { priority: first.priority })}</span>
      <div className="alarm-banner-text">
        <strong>{first.text}</strong>
        <span>{`${first.code} · ${first.source} · ${time(Date.parse(first.raised_at))}`}</span>
      </div>
      {open.length > 1 && <span className="alarm-banner-more">{t('alarm.more', { count: open.length - 1 })}</span>}
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
