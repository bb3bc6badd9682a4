import { lazy, Suspense } from 'react';
import { useCureResults, type CureResult } from '../../api/spray';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';

const CureChart = lazy(() => import('../../charts/CureChart'));

/** Measured beside predicted conversion, newest first. */
export function CurePanel() {
  const { t } = useI18n();
  return (
    <Panel title={t('spray.cure')}>
      <DataView query={useCureResults()}>
        {({ items, drift_limit_ratio: limit }, readAt) =>
          items.length === 0 ? (
            <None readAt={readAt} />
          ) : (
            <>
              <Suspense fallback={<Skeleton label={t('data.loading')} />}>
                <CureChart results={items} driftLimitRatio={limit} />
              </Suspense>
              <CureTable results={items} />
            </>
          )
        }
      </DataView>
    </Panel>
  );
}

function CureTable({ results }: { results: readonly CureResult[] }) {
  const { t, percent } = useI18n();
  const columns: Column<CureResult>[] = [
    { id: 'lot', header: t('spray.pellet'), cell: (one) => one.lot_id },
    { id: 'face', header: t('spray.face'), cell: (one) => one.face },
    { id: 'method', header: t('spray.method'), cell: (one) => t(`spray.${one.method}`) },
    { id: 'at', header: t('spray.measured_at'), cell: (one) => <Instant at={one.measured_at} withYear /> },
    { id: 'predicted', header: t('spray.predicted'), align: 'right', cell: (one) => percent(one.predicted_ratio, 1) },
    { id: 'measured', header: t('spray.measured'), align: 'right', cell: (one) => percent(one.measured_ratio, 1) },
    { id: 'difference', header: t('spray.difference'), align: 'right', cell: (one) => percent(one.difference_ratio, 1) },
    { id: 'drift', header: t('spray.drift'), cell: (one) => (one.drift_raised ? <Badge mark="bad">{t('spray.drifts')}</Badge> : null) },
  ];
  return (
    <DataTable
      label={t('spray.cure')}
      columns={columns}
      rows={results}
      rowKey={(one) => `${one.lot_id} ${one.face} ${one.method} ${one.measured_at}`}
      rowLink={(one) => `/lots/${encodeURIComponent(one.lot_id)}`}
    />
  );
}
