import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { useLinkState, usePlantInstant } from '../live/LiveProvider';
import './PlantTime.css';

/** The plant's own time as the last heartbeat said it; in a demo it runs faster and says how much. */
export function PlantTime() {
  const { t, time, date, number } = useI18n();
  const now = usePlantInstant();
  const stale = useLinkState() === 'stale';
  return (
    <div className={stale ? 'plant-time is-stale' : 'plant-time'} title={t('frame.plant_time')}>
      <span className="visually-hidden">{t('frame.plant_time')}</span>
      {now === null ? (
        NO_DATA
      ) : (
        <>
          <span className="plant-time-clock live-value">{time(now.plantMs)}</span>
          <span className="plant-time-date">
            {date(now.plantMs)}
            {now.speed !== 1 && (
              <strong title={t('frame.speed', { speed: number(now.speed) })}>{` ×${number(now.speed)}`}</strong>
            )}
          </span>
        </>
      )}
    </div>
  );
}
