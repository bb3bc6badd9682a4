import { lazy, Suspense } from 'react';
import type { Curve, Cycle, Formation } from '../../api/types';
import { NO_DATA, spelled } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { Measure } from '../../parts/Measure';
import { NotRead } from '../../parts/Missing';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
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
    <Panel title={t('cell.formation')} note={curve === null ? undefined : <PointNote curve={curve} />} id="formation">
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
            {formation.cycles.length === 0 ? <None readAt={readAt} /> : <CycleTable cycles={formation.cycles} />}
          </div>
        </div>
      )}
    </Panel>
  );
}

/** A reduced curve must say so: it has the lowest and the highest of each moment, and not every row between. */
function PointNote({ curve }: { curve: Curve }) {
  const { t, number } = useI18n();
  const shown = curve.time_s.length;
  const total = number(curve.row_count);
  if (shown >= curve.row_count) return t('formation.all_points', { total });
  return t('formation.points', { total, shown: number(shown) });
}

function CycleTable({ cycles }: { cycles: readonly Cycle[] }) {
  const { t, percent } = useI18n();
  const columns: Column<Cycle>[] = [
    { id: 'cycle', header: t('formation.cycle'), cell: (cycle) => cycle.cycle },
    {
      id: 'charge',
      header: t('formation.charge'),
      align: 'right',
      cell: (cycle) => <Measure value={cycle.charge_capacity_mah} unit="mah" />,
    },
    {
      id: 'discharge',
      header: t('formation.discharge'),
      align: 'right',
      cell: (cycle) => <Measure value={cycle.discharge_capacity_mah} unit="mah" />,
    },
    {
      id: 'efficiency',
      header: t('formation.efficiency'),
      align: 'right',
      cell: ({ coulombic_efficiency_ratio: ratio }) => (ratio === null ? NO_DATA : percent(ratio, 2)),
    },
    {
      id: 'flag',
      header: t('formation.flag'),
      cell: (cycle) => (cycle.flag === null ? '' : <Badge mark="near">{spelled(cycle.flag)}</Badge>),
    },
  ];
  return (
    <DataTable label={t('formation.cycles')} columns={columns} rows={cycles} rowKey={(cycle) => String(cycle.cycle)} />
  );
}
