import { useGaugeRecords, useSamplingSeries, type GaugeRecord, type Series } from '../../api/gauges';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { QualityTabs } from './QualityTabs';
import { SamplingPlanPanel } from './SamplingPlanPanel';

/** A gauge takes less than this share of all spread: good; from the other one on it is unfit (AIAG MSA). */
const GOOD_RATIO = 0.1;
const UNFIT_RATIO = 0.3;

/** How well gauges measure, how strictly lots are inspected, and what a sampling plan lets pass. */
export default function GaugesScreen() {
  const { t } = useI18n();
  const studies = useGaugeRecords();
  const series = useSamplingSeries();
  return (
    <div className="screen">
      <QualityTabs />
      <Panel title={t('gauges.studies')}>
        <DataView query={studies}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <StudyTable items={items} />)}
        </DataView>
      </Panel>
      <Panel title={t('samples.series')}>
        <DataView query={series}>
          {({ series: rows }, readAt) => (rows.length === 0 ? <None readAt={readAt} /> : <SeriesTable rows={rows} />)}
        </DataView>
      </Panel>
      <SamplingPlanPanel />
    </div>
  );
}

function StudyTable({ items }: { items: readonly GaugeRecord[] }) {
  const { t, number, percent } = useI18n();
  const share = (ratio: number | null | undefined) => (ratio === null || ratio === undefined ? NO_DATA : percent(ratio, 1));
  const bias = ({ result }: GaugeRecord) =>
    result.bias === undefined || result.interval === undefined
      ? NO_DATA
      : `${number(result.bias)} (${number(result.interval[0])} – ${number(result.interval[1])})`;
  const columns: Column<GaugeRecord>[] = [
    { id: 'study', header: t('gauges.study'), cell: (one) => one.study_id },
    { id: 'characteristic', header: t('gauges.characteristic'), cell: (one) => one.characteristic },
    { id: 'station', header: t('gauges.station'), cell: (one) => one.equipment_id },
    { id: 'kind', header: t('gauges.kind'), cell: (one) => t(`gauges.kind.${one.kind}`) },
    { id: 'share', header: t('gauges.share'), align: 'right', cell: (one) => share(one.result.gauge_ratio) },
    { id: 'tolerance', header: t('gauges.tolerance'), align: 'right', cell: (one) => share(one.result.tolerance_ratio) },
    { id: 'distinct', header: t('gauges.distinct'), align: 'right', cell: (one) => one.result.distinct_count ?? NO_DATA },
    { id: 'bias', header: t('gauges.bias'), align: 'right', cell: bias },
    { id: 'verdict', header: t('gauges.verdict'), cell: (one) => <Verdict study={one} /> },
    { id: 'at', header: t('gauges.at'), cell: (one) => <Instant at={one.kept_at} withYear /> },
  ];
  return <DataTable label={t('gauges.studies')} columns={columns} rows={items} rowKey={(one) => one.study_id} />;
}

function Verdict({ study: { result } }: { study: GaugeRecord }) {
  const { t } = useI18n();
  if (result.is_significant !== undefined) {
    return result.is_significant ? (
      <Badge mark="held">{t('gauges.verdict.biased')}</Badge>
    ) : (
      <Badge mark={null}>{t('gauges.verdict.unbiased')}</Badge>
    );
  }
  if (result.gauge_ratio === undefined) return NO_DATA;
  if (result.gauge_ratio > UNFIT_RATIO) return <Badge mark="held">{t('gauges.verdict.unfit')}</Badge>;
  return <Badge mark={null}>{t(result.gauge_ratio < GOOD_RATIO ? 'gauges.verdict.good' : 'gauges.verdict.marginal')}</Badge>;
}

function SeriesTable({ rows }: { rows: readonly Series[] }) {
  const { t, word } = useI18n();
  const columns: Column<Series>[] = [
    { id: 'product', header: t('advice.product'), cell: (one) => one.product_id },
    { id: 'gate', header: t('gate.gate'), cell: (one) => word('gate_name', one.gate) },
    {
      id: 'severity',
      header: t('samples.severity'),
      cell: (one) => (
        <Badge mark={one.severity === 'discontinued' ? 'held' : null}>{t(`samples.severity.${one.severity}`)}</Badge>
      ),
    },
    { id: 'score', header: t('samples.score'), align: 'right', cell: (one) => one.score },
  ];
  return (
    <DataTable
      label={t('samples.series')}
      columns={columns}
      rows={rows}
      rowKey={(one) => `${one.product_id} ${one.operation} ${one.gate}`}
    />
  );
}
