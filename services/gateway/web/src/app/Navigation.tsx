import { Link, useLocation } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { Icon } from '../ui/Icon';
import './Navigation.css';
import { NAVIGATION } from './screens';

export function Navigation() {
  const { t } = useI18n();
  const { pathname } = useLocation();
  return (
    <nav className="navigation" aria-label={t('nav.label')}>
      {NAVIGATION.map(({ to, label, icon, covers }) => {
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
