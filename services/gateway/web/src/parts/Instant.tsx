import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';

/** An instant of plant time; a dash when there is none. */
export function Instant({ at }: { at: string | null }) {
  const { dateTime } = useI18n();
  if (at === null) return <span>{NO_DATA}</span>;
  return (
    <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
      {dateTime(Date.parse(at))}
    </time>
  );
}
