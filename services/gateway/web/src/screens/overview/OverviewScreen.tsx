import { Link } from 'react-router';
import { useOverview } from '../../api/queries';
import type { Overview } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { OpenExposures } from '../../parts/OpenExposures';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { ShownOf } from '../../parts/ShownOf';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import './OverviewScreen.css';
import { StationAreas } from './StationAreas';
import { WipTable } from './WipTable';
import { WorkRequests } from './WorkRequests';

export default function OverviewScreen() {
  const { t } = useI18n();
  const overview = useOverview();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.overview')} hidden />
      <DataView query={overview} live>
        {(line, readAt) => (
          <>
            <ServicesNotice line={line} />
            <WaitingNotice line={line} />
            <SetAsideNotice line={line} />
            <div className="overview">
              <StationAreas stations={line.stations} alarms={line.alarms} readAt={readAt} />
              <div className="overview-side">
                <Panel title={t('overview.requests')}>
                  <WorkRequests requests={line.work_requests} readAt={readAt} />
                  <ShownOf
                    shown={line.work_requests.length}
                    total={line.work_requests.length + line.work_requests_left_off_count}
                  />
                </Panel>
                <Panel title={t('overview.wip')}>
                  <WipTable wip={line.wip} readAt={readAt} />
                </Panel>
                <Panel title={t('stack.open')}>
                  <OpenExposures />
                </Panel>
              </div>
            </div>
          </>
        )}
      </DataView>
    </div>
  );
}

function ServicesNotice({ line }: { line: Overview }) {
  const { t } = useI18n();
  const silent = line.services.filter((service) => !service.ready);
  if (silent.length === 0) return null;
  const services = silent.map((service) => service.service).join(', ');
  return <Notice mark="stale">{t('overview.services_down', { services })}</Notice>;
}

/** Events that wait too long to be published, and for how long by now. */
function WaitingNotice({ line }: { line: Overview }) {
  const { t, duration } = useI18n();
  const late = line.services.filter((service) => service.late);
  if (late.length === 0) return null;
  const services = late.map((service) => service.service).join(', ');
  const age = duration(Math.max(...late.map((service) => service.oldest_event_age_s ?? 0)));
  return <Notice mark="near">{t('overview.events_wait', { age, services })}</Notice>;
}

function SetAsideNotice({ line }: { line: Overview }) {
  const { t } = useI18n();
  const count = line.services.reduce((sum, service) => sum + service.set_aside_count, 0);
  if (count === 0) return null;
  return (
    <Notice mark="bad">
      {t('overview.set_aside', { count })} <Link to="/aside-events">{t('overview.to_set_aside')}</Link>
    </Notice>
  );
}
