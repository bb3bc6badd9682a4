import type { TimeBucket } from '../../api/losses';
import { useI18n } from '../../i18n/I18nProvider';

const ORDER: readonly TimeBucket[] = [
  'productive',
  'standby',
  'engineering',
  'scheduled_down',
  'unscheduled_down',
  'nonscheduled',
  'unknown',
];

/** The period as a bar of states; the words with their hours are for those who do not see it. */
export function TimeBar({ times }: { times: Record<TimeBucket, number> }) {
  const { word, duration } = useI18n();
  const total = ORDER.reduce((sum, bucket) => sum + times[bucket], 0);
  const parts = ORDER.filter((bucket) => times[bucket] > 0);
  const words = parts.map((bucket) => `${word('equipment_state', bucket)} ${duration(times[bucket])}`).join(', ');
  return (
    <span className="time-bar" role="img" aria-label={words}>
      {parts.map((bucket) => (
        <span
          key={bucket}
          className={`time-part time-${bucket}`}
          style={{ inlineSize: `${(times[bucket] / total) * 100}%` }}
        />
      ))}
    </span>
  );
}

export function TimeLegend() {
  const { word } = useI18n();
  return (
    <span className="time-legend">
      {ORDER.map((bucket) => (
        <span key={bucket}>
          <span className={`time-key time-${bucket}`} aria-hidden="true" /> {word('equipment_state', bucket)}
        </span>
      ))}
    </span>
  );
}
