import { iconLogOut, iconMoon, iconSun } from '@siemens/ix-icons/icons';
import { useOverview } from '../api/queries';
import { useSignOut } from '../api/session';
import { useI18n } from '../i18n/I18nProvider';
import { useTheme } from '../settings/ThemeProvider';
import { IconButton } from '../ui/IconButton';
import { AlarmBanner } from './AlarmBanner';
import './Header.css';
import { LanguageSelect } from './LanguageSelect';
import { LivePill } from './LivePill';
import { PlantTime } from './PlantTime';
import { useCaller } from './session/SessionGate';
import { useClockFollows } from './useClockFollows';

export function Header() {
  const { t, time } = useI18n();
  const caller = useCaller();
  const signOut = useSignOut();
  const { theme, setTheme } = useTheme();
  const overview = useOverview();
  useClockFollows(overview.data);
  const shift = overview.data?.shift ?? null;
  const dark = theme === 'dark';
  return (
    <header className="header">
      <div className="header-line" title={overview.data?.line}>
        {overview.data?.line ?? 'Halite'}
      </div>
      <PlantTime />
      <LivePill />
      <AlarmBanner overview={overview} />
      <LanguageSelect />
      <IconButton
        icon={dark ? iconSun : iconMoon}
        label={t(dark ? 'frame.to_light' : 'frame.to_dark')}
        onPress={() => setTheme(dark ? 'light' : 'dark')}
      />
      <div className="header-person" title={caller.login}>
        {caller.name}
        {shift !== null && <span className="header-shift">{t('frame.shift', { shift: shift.name, time: time(Date.parse(shift.ends_at)).slice(0, 5) })}</span>}
      </div>
      <IconButton icon={iconLogOut} label={t('session.sign_out')} onPress={() => signOut.mutate()} />
    </header>
  );
}
