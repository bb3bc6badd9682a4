import { iconMoon, iconSun } from '@siemens/ix-icons/icons';
import { useOverview } from '../api/queries';
import { useI18n } from '../i18n/I18nProvider';
import type { Language } from '../settings/browser';
import { useTheme } from '../settings/ThemeProvider';
import type { Option } from '../ui/Choice';
import { IconButton } from '../ui/IconButton';
import { Select } from '../ui/Select';
import { AlarmBanner } from './AlarmBanner';
import './Header.css';
import { LivePill } from './LivePill';
import { PlantTime } from './PlantTime';
import { useClockFollows } from './useClockFollows';

const LANGUAGES: readonly Option<Language>[] = [
  { value: 'en', label: 'English' },
  { value: 'de', label: 'Deutsch' },
  { value: 'zh', label: '中文' },
];

export function Header() {
  const { t, language, setLanguage } = useI18n();
  const { theme, setTheme } = useTheme();
  const overview = useOverview();
  useClockFollows(overview.data);
  const dark = theme === 'dark';
  return (
    <header className="header">
      <div className="header-line" title={overview.data?.line}>
        {overview.data?.line ?? 'Halite'}
      </div>
      <PlantTime />
      <LivePill />
      <AlarmBanner overview={overview} />
      <Select label={t('frame.language')} options={LANGUAGES} value={language} onChange={setLanguage} />
      <IconButton
        icon={dark ? iconSun : iconMoon}
        label={t(dark ? 'frame.to_light' : 'frame.to_dark')}
        onPress={() => setTheme(dark ? 'light' : 'dark')}
      />
    </header>
  );
}
