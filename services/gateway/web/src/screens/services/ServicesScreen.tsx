import { useOverview } from '../../api/queries';
import type { ServiceHealth } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Badge } from '../../ui/Badge';
import { DataTable } from '../../ui/DataTable';

/** How each service of the plant is; one that gives no answer shows what it said last, as not ready. */
export default function ServicesScreen() {
  const { t, duration, number } = useI18n();
  return (
    <div className="screen">
      <ScreenTitle title={t('nav.services')} />
      <p>{t('services.explain')}</p>
      <DataView query={useOverview()} live>
        {({ services }) => (
          <DataTable<ServiceHealth>
            label={t('services.title')}
            rows={services}
            rowKey={(service) => service.service}
            columns={[
              { id: 'name', header: t('services.service'), cell: (service) => service.service },
              { id: 'state', header: t('services.state'), cell: (service) => <State service={service} /> },
              {
                id: 'age',
                header: t('services.oldest'),
                align: 'right',
                cell: ({ oldest_event_age_s: age }) => (age === null ? NO_DATA : duration(age)),
              },
              { id: 'behind', header: t('services.behind'), align: 'right', cell: (service) => number(service.behind_count) },
              { id: 'aside', header: t('services.aside'), align: 'right', cell: (service) => number(service.set_aside_count) },
            ]}
          />
        )}
      </DataView>
    </div>
  );
}

function State({ service }: { service: ServiceHealth }) {
  const { t } = useI18n();
  if (!service.ready) return <Badge mark="bad">{t('services.not_ready')}</Badge>;
  if (service.late) return <Badge mark="near">{t('services.late')}</Badge>;
  return <Badge mark="good">{t('services.ready')}</Badge>;
}
