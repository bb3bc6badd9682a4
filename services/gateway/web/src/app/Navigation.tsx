import { Link, useLocation } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { Icon } from '../ui/Icon';
import './Navigation.css';
import { NAVIGATION } from './screens';
import { useCaller } from './session/SessionGate';

export function Navigation() {
  const { t } = useI18n();
  const { pathname } = useLocation();
  const { permissions } = useCaller();
  const shown = NAVIGATION.filter(({ needs }) => needs === undefined || permissions.includes(needs));
  return (
    <nav className="navigation" aria-label={t('nav.label')}>
      {shown.map(({ to, label, icon, covers }) => {
        const here = pathname === to || covers.some((path) => pathname === path || pathname.startsWith(`${path}/`));
        return (
          <Link key={to} to={to} className="navigation-entry" aria-current={here ? 'page' : undefined}>
            <Icon icon={icon} />
            {t(label)}
          </Link>
        );
      })}
    </nav>
  );
}
