import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { usePlantYear } from '../live/LiveProvider';

interface InstantProps {
  at: string | null;
  /** In records, which are read years later. */
  withYear?: boolean;
}

/** An instant of plant time, with its year where that is not the present one; a dash when there is none. */
export function Instant({ at, withYear = false }: InstantProps) {
  const shown = useInstantText(withYear);
  if (at === null) return <span>{NO_DATA}</span>;
  return (
    <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
      {shown(Date.parse(at))}
    </time>
  );
}

/** How an instant in ms is written: its year is left out only where it is the year of now, and no record is read. */
export function useInstantText(withYear = false): (instantMs: number) => string {
  const { dateTime, dayTime } = useI18n();
  const year = usePlantYear();
  return (instantMs) => (withYear || new Date(instantMs).getFullYear() !== year ? dateTime(instantMs) : dayTime(instantMs));
}
