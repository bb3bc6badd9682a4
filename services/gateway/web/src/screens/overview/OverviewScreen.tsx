import { useOverview } from '../../api/queries';
import type { Overview } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import './OverviewScreen.css';
import { StationAreas } from './StationAreas';
import { WipTable } from './WipTable';
import { WorkRequests } from './WorkRequests';

/** Older than this, what a service last said is called old. */
const EVENT_AGE_LIMIT_S = 30;

export default function OverviewScreen() {
  const { t } = useI18n();
  const overview = useOverview();
  return (
    <div className="screen">
      <h1 className="visually-hidden">{t('overview.title')}</h1>
      <DataView query={overview} live>
        {(line, readAt) => (
          <>
            <ServicesNotice line={line} />
            <div className="overview">
              <StationAreas stations={line.stations} alarms={line.alarms} readAt={readAt} />
              <div className="overview-side">
                <Panel title={t('overview.requests')}>
                  <WorkRequests requests={line.work_requests} readAt={readAt} />
                </Panel>
                <Panel title={t('overview.wip')}>
                  <WipTable wip={line.wip} readAt={readAt} />
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
  const silent = line.services.filter(
    (service) => !service.ready || (service.oldest_event_age_s ?? 0) > EVENT_AGE_LIMIT_S,
  );
  if (silent.length === 0) return null;
  const services = silent.map((service) => service.service).join(', ');
  return <Notice mark="stale">{t('overview.services_down', { services })}</Notice>;
}
