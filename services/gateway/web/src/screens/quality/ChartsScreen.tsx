import { useCharts, useSignals, type Chart, type ChartSeries } from '../../api/quality';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { chartPath } from './chart-path';
import { QualityTabs } from './QualityTabs';
import { SignalList } from './SignalList';

/** Every control chart with its series, and the signals that wait for an answer. */
export default function ChartsScreen() {
  const { t } = useI18n();
  const charts = useCharts();
  const signals = useSignals();
  return (
    <div className="screen">
      <QualityTabs />
      <Panel title={t('spc.signals')}>
        <DataView query={signals}>
          {({ items }, readAt) => {
            const open = items.filter((one) => one.closed_at === null);
            return open.length === 0 ? <None readAt={readAt} /> : <SignalList signals={open} />;
          }}
        </DataView>
      </Panel>
      <Panel title={t('spc.charts')}>
        <DataView query={charts}>
          {({ items }, readAt) => {
            const rows = items.flatMap(rowsOf);
            return rows.length === 0 ? <None readAt={readAt} /> : <ChartTable rows={rows} />;
          }}
        </DataView>
      </Panel>
    </div>
  );
}

interface Row {
  chart: Chart;
  series: ChartSeries | null;
}

/** A chart without a value yet has a row too, so that nobody looks for it. */
function rowsOf(chart: Chart & { series: ChartSeries[] }): Row[] {
  return chart.series.length === 0 ? [{ chart, series: null }] : chart.series.map((series) => ({ chart, series }));
}

function ChartTable({ rows }: { rows: readonly Row[] }) {
  const { t, word } = useI18n();
  const columns: Column<Row>[] = [
    { id: 'chart', header: t('spc.chart'), cell: ({ chart }) => chart.chart_id },
    { id: 'what', header: t('gate.characteristic'), cell: ({ chart }) => word('characteristic', chart.characteristic) },
    { id: 'kind', header: t('field.kind'), cell: ({ chart }) => t(`spc.kind.${chart.kind as 'i_mr'}`) },
    { id: 'series', header: t('spc.series'), cell: ({ series }) => (series?.series ?? '') || t('spc.all') },
    { id: 'points', header: t('spc.points'), align: 'right', cell: ({ series }) => series?.point_count ?? 0 },
    { id: 'limits', header: t('gate.limits'), cell: ({ series }) => <LimitsState series={series} /> },
    { id: 'open', header: t('spc.open'), cell: ({ series }) => <Open count={series?.open_signal_count ?? 0} /> },
  ];
  return (
    <DataTable
      label={t('spc.charts')}
      columns={columns}
      rows={rows}
      rowKey={({ chart, series }) => `${chart.chart_id} ${series?.series ?? ''}`}
      rowLink={({ chart, series }) => (series === null ? undefined : chartPath(chart.chart_id, series.series))}
    />
  );
}

function LimitsState({ series }: { series: ChartSeries | null }) {
  const { t } = useI18n();
  if (series === null || series.limits_version === 0) return <span>{t('spc.no_limits')}</span>;
  return <span>{t('spc.frozen', { version: series.limits_version })}</span>;
}

function Open({ count }: { count: number }) {
  const { t } = useI18n();
  if (count === 0) return <span>{NO_DATA}</span>;
  return <Badge mark="near">{t('spc.open_count', { count })}</Badge>;
}
