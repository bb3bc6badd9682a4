import { useState } from 'react';
import { useNonconformances, usePareto, type Nonconformance, type ParetoBar, type ParetoBy } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { Choice, type Option } from '../../ui/Choice';
import { DataTable, type Column } from '../../ui/DataTable';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { useFilter } from '../search/useFilter';
import { NcBadge } from './NcBadge';
import { QualityTabs } from './QualityTabs';
import { ReportForm } from './ReportForm';
import './quality.css';

/** What is not as it must be: the list, what it is about most often, and the way to raise one. */
export default function NonconformancesScreen() {
  const { t } = useI18n();
  const query = useNonconformances();
  const [shown, setShown] = useFilter('state');
  const options: Option<string>[] = [
    { value: '', label: t('nc.not_closed') },
    { value: 'closed', label: t('nc.state.closed') },
  ];
  return (
    <div className="screen">
      <QualityTabs />
      <Panel title={t('nc.title')} note={<Choice label={t('field.state')} options={options} value={shown} onChange={setShown} />}>
        <DataView query={query}>
          {({ items }, readAt) => {
            const rows = items.filter((one) => (one.state === 'closed') === (shown === 'closed'));
            return rows.length === 0 ? <None readAt={readAt} /> : <NcTable items={rows} />;
          }}
        </DataView>
      </Panel>
      <Pareto />
      <ReportForm />
    </div>
  );
}

function NcTable({ items }: { items: readonly Nonconformance[] }) {
  const { t, word } = useI18n();
  const columns: Column<Nonconformance>[] = [
    { id: 'id', header: t('nc.one'), cell: (one) => one.nonconformance_id },
    { id: 'state', header: t('field.state'), cell: (one) => <NcBadge state={one.state} /> },
    { id: 'severity', header: t('nc.severity'), cell: (one) => t(`nc.severity.${one.severity as 'minor'}`) },
    { id: 'category', header: t('nc.category'), cell: (one) => word('gate_name', one.category) },
    { id: 'lots', header: t('gates.lots'), align: 'right', cell: (one) => one.lot_ids.length },
    { id: 'what', header: t('nc.description'), cell: (one) => one.description },
    { id: 'at', header: t('nc.raised'), cell: (one) => <Instant at={one.raised_at} withYear /> },
  ];
  return (
    <DataTable
      label={t('nc.title')}
      columns={columns}
      rows={items}
      rowKey={(one) => one.nonconformance_id}
      rowLink={(one) => `/nonconformances/${encodeURIComponent(one.nonconformance_id)}`}
    />
  );
}

const BY: readonly ParetoBy[] = ['category', 'cause_of', 'equipment_id', 'operation', 'severity'];

/** The most frequent first, with what all down to there come to: a few causes make most of it. */
function Pareto() {
  const { t } = useI18n();
  const [by, setBy] = useState<ParetoBy>('category');
  const query = usePareto(by);
  const options = BY.map((value) => ({ value, label: t(`nc.by.${value}`) }));
  return (
    <Panel title={t('nc.pareto')} note={<Choice label={t('nc.pareto_by')} options={options} value={by} onChange={(value) => setBy(value)} />}>
      <DataView query={query}>
        {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <ParetoTable items={items} />)}
      </DataView>
    </Panel>
  );
}

function ParetoTable({ items }: { items: readonly ParetoBar[] }) {
  const { t, percent, word } = useI18n();
  const most = items[0]?.count ?? 1;
  const columns: Column<ParetoBar>[] = [
    { id: 'word', header: t('nc.about'), cell: (bar) => word('gate_name', bar.word) },
    {
      id: 'count',
      header: t('nc.count'),
      cell: (bar) => (
        <div className="pareto-bar">
          <ProgressBar ratio={bar.count / most} label={bar.word} text={String(bar.count)} />
        </div>
      ),
    },
    { id: 'lots', header: t('gates.lots'), align: 'right', cell: (bar) => bar.lot_count },
    { id: 'sum', header: t('nc.cumulative'), align: 'right', cell: (bar) => percent(bar.cumulative_ratio, 1) },
  ];
  return <DataTable label={t('nc.pareto')} columns={columns} rows={items} rowKey={(bar) => bar.word} />;
}
