import { useI18n } from '../i18n/I18nProvider';
import { Choice } from '../ui/Choice';

export type Hours = '8' | '24' | '168' | '720';

const NAMES: Record<Hours, string> = { '8': '8 h', '24': '24 h', '168': '7 d', '720': '30 d' };
const OPTIONS = (Object.keys(NAMES) as Hours[]).map((value) => ({ value, label: NAMES[value] }));

/** How far back figures reach. */
export function PeriodChoice({ value, onChange }: { value: Hours; onChange: (hours: Hours) => void }) {
  const { t } = useI18n();
  return <Choice<Hours> label={t('alarms.period')} value={value} onChange={onChange} options={OPTIONS} />;
}
