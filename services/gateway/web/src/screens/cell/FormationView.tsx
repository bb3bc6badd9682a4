import { lazy, Suspense } from 'react';
import { Link } from 'react-router';
import type { Formation } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { CurveNote } from '../../parts/CurveNote';
import { CycleTable } from '../../parts/CycleTable';
import { NotRead } from '../../parts/Missing';
import { None } from '../../parts/None';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';

const FormationCurve = lazy(() => import('../../charts/FormationCurve'));

interface FormationViewProps {
  /** Null before the run has begun, and when it is missing. */
  formation: Formation | null;
  missing: boolean;
  curveMissing: boolean;
  readAt: number;
}

export function FormationView({ formation, missing, curveMissing, readAt }: FormationViewProps) {
  const { t } = useI18n();
  const curve = formation?.curve ?? null;
  return (
    <Panel title={t('cell.formation')} note={curve === null ? undefined : <CurveNote curve={curve} />} id="formation">
      {missing ? (
        <NotRead />
      ) : formation === null ? (
        <None readAt={readAt} />
      ) : (
        <div className="formation">
          {curveMissing ? (
            <NotRead />
          ) : curve === null ? (
            <None readAt={readAt} />
          ) : (
            <Suspense fallback={<Skeleton label={t('data.loading')} rows={5} />}>
              <FormationCurve curve={curve} />
            </Suspense>
          )}
          <div className="formation-cycles">
            {formation.cycles.length === 0 ? <None readAt={readAt} /> : <CycleTable cycles={formation.cycles} short />}
            <p>
              <Link to={`/racks/tests/${encodeURIComponent(formation.series_id)}`}>{t('rack.to_test')}</Link>
            </p>
          </div>
        </div>
      )}
    </Panel>
  );
}
