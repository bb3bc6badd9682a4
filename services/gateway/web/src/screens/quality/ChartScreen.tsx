import { lazy, Suspense } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useChart, useSignals, type ChartLimits, type ChartPage, type ChartPoint } from '../../api/quality';
import { shownValue } from '../../charts/control-points';
import { NO_DATA, unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { BackToSearch } from '../../parts/BackToSearch';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Notice } from '../../ui/Notice';
import { Panel } from '../../ui/Panel';
import { Skeleton } from '../../ui/Skeleton';
import { CapabilityPanel } from './CapabilityPanel';
import { FreezeForm } from './FreezeForm';
import { SignalList } from './SignalList';

const ControlChart = lazy(() => import('../../charts/ControlChart'));

/** One series of a control chart: points, frozen limits, rules broken, signals and capability. */
export default function ChartScreen() {
  const { t } = useI18n();
  const { chartId = '' } = useParams();
  const [search] = useSearchParams();
  const series = search.get('series') ?? '';
  const query = useChart(chartId, series);
  return (
    <div className="screen">
      <BackToSearch to="/charts" title={t('spc.of', { chart: chartId, series: series || t('spc.all') })} label={t('spc.back')} />
      <DataView query={query}>
        {(page, readAt) => (
          <>
            <Plot page={page} readAt={readAt} />
            <Signals page={page} readAt={readAt} />
            <CapabilityPanel page={page} />
            <LimitsPanel page={page} readAt={readAt} />
            <Panel title={t('spc.newest')}>{page.points.length === 0 ? <None readAt={readAt} /> : <PointTable page={page} />}</Panel>
          </>
        )}
      </DataView>
    </div>
  );
}

function Plot({ page, readAt }: { page: ChartPage; readAt: number }) {
  const { t, word, number } = useI18n();
  const unit = unitLabel(page.unit);
  const frozen = page.limits[0];
  const trial = page.trial_limits;
  return (
    <Panel
      title={`${word('characteristic', page.characteristic)}${unit === '' ? '' : ` / ${unit}`}`}
      note={t(`spc.kind.${page.kind as 'i_mr'}`)}
    >
      {frozen === undefined && (
        <Notice mark="held">
          {t('spc.judges_nothing')}{' '}
          {trial === null ? page.trial_reason : t('spc.trial', { centre: number(trial.centre), sigma: number(trial.sigma) })}
        </Notice>
      )}
      {page.points.length === 0 ? (
        <None readAt={readAt} />
      ) : (
        <Suspense fallback={<Skeleton label={t('data.loading')} />}>
          <ControlChart page={page} />
        </Suspense>
      )}
    </Panel>
  );
}

function Signals({ page, readAt }: { page: ChartPage; readAt: number }) {
  const { t } = useI18n();
  const query = useSignals();
  return (
    <Panel title={t('spc.signals')}>
      <DataView query={query}>
        {({ items }) => {
          const own = items.filter((one) => one.chart_id === page.chart_id && one.series === page.series);
          return own.length === 0 ? <None readAt={readAt} /> : <SignalList signals={own} />;
        }}
      </DataView>
    </Panel>
  );
}

function LimitsPanel({ page, readAt }: { page: ChartPage; readAt: number }) {
  const { t, number } = useI18n();
  const columns: Column<ChartLimits>[] = [
    { id: 'version', header: t('spc.version'), cell: (one) => one.limits_version },
    { id: 'centre', header: t('spc.centre'), align: 'right', cell: (one) => number(one.body.centre) },
    { id: 'sigma', header: t('spc.sigma'), align: 'right', cell: (one) => number(one.body.sigma) },
    { id: 'points', header: t('spc.baseline'), cell: (one) => `${one.first_number} – ${one.last_number}` },
    { id: 'person', header: t('spc.person'), cell: (one) => one.person },
    { id: 'why', header: t('field.reason'), cell: (one) => <Said of={one.reason} /> },
    { id: 'at', header: t('spc.frozen_at'), cell: (one) => <Instant at={one.frozen_at} withYear /> },
  ];
  return (
    <Panel title={t('spc.limits')}>
      {page.limits.length === 0 ? (
        <None readAt={readAt} />
      ) : (
        <DataTable dense label={t('spc.limits')} columns={columns} rows={page.limits} rowKey={(one) => String(one.limits_version)} />
      )}
      <FreezeForm page={page} />
    </Panel>
  );
}

/** The same as the plot, for who cannot see it, with the lot behind each point. */
function PointTable({ page }: { page: ChartPage }) {
  const { t, number } = useI18n();
  const columns: Column<ChartPoint>[] = [
    { id: 'number', header: t('spc.number'), cell: (one) => one.number },
    { id: 'value', header: t('gate.value'), align: 'right', cell: (one) => number(shownValue(one)) },
    {
      id: 'limits',
      header: t('gate.limits'),
      cell: ({ body }) => (body === null ? NO_DATA : `${number(body.low)} – ${number(body.high)}`),
    },
    { id: 'rules', header: t('spc.rules'), cell: (one) => <Rules rules={one.rules ?? []} /> },
    { id: 'at', header: t('spray.measured_at'), cell: (one) => <Instant at={one.measured_at} withYear /> },
    { id: 'lot', header: t('gates.lot'), cell: (one) => one.lot_id },
  ];
  return (
    <DataTable
      dense
      label={t('spc.newest')}
      columns={columns}
      rows={page.points.toReversed().slice(0, 50)}
      rowKey={(one) => String(one.number)}
    />
  );
}

function Rules({ rules }: { rules: readonly string[] }) {
  const { t } = useI18n();
  if (rules.length === 0) return <span>{NO_DATA}</span>;
  return <Badge mark="near">{rules.map((rule) => t(`spc.rule.${rule as 'limits'}`)).join('; ')}</Badge>;
}
