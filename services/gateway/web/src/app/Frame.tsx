import { iconRefresh } from '@siemens/ix-icons/icons';
import { Suspense } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { Skeleton } from '../ui/Skeleton';
import './Frame.css';
import { Header } from './Header';
import { Navigation } from './Navigation';
import { ScanNote } from './ScanNote';
import { ScreenBoundary } from './ScreenBoundary';
import { SCREENS, WITHOUT_FRAME } from './screens';

/** Header with alarms, navigation, and the screen of the address; the first two stay whatever the screen does, but for a screen on a wall. */
export function Frame() {
  const { t } = useI18n();
  const { pathname } = useLocation();
  const alone = WITHOUT_FRAME.has(pathname);
  const failed = (
    <>
      <Notice mark="unknown">{t('error.screen')}</Notice>
      <Button icon={iconRefresh} onPress={() => window.location.reload()}>
        {t('error.reload')}
      </Button>
    </>
  );
  return (
    <div className={alone ? 'frame frame-alone' : 'frame'}>
      {!alone && <Header />}
      {!alone && <Navigation />}
      <main className="frame-screen" key={pathname}>
        <ScreenBoundary fallback={failed}>
          <Suspense fallback={<Skeleton label={t('data.loading')} />}>
            <Routes>
              {SCREENS.map(({ path, screen: Screen }) => (
                <Route key={path} path={path} element={<Screen />} />
              ))}
              <Route path="*" element={<Notice mark="unknown">{t('error.no_screen')}</Notice>} />
            </Routes>
          </Suspense>
        </ScreenBoundary>
      </main>
      <ScanNote />
    </div>
  );
}
