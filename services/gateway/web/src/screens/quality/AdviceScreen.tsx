import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { getJson } from '../../api/http';
import { useOverview } from '../../api/queries';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { SelectField } from '../../parts/SelectField';
import { DataTable, type Column } from '../../ui/DataTable';
import { Facts } from '../../ui/Facts';
import { Notice } from '../../ui/Notice';
import { QualityTabs } from './QualityTabs';

interface Advice {
  cell_id: string;
  probability: number;
  reasons: string[];
}

/** `skill` is null where too little is known to advise; `reason` says what is missing. */
interface AdvicePage {
  skill: {
    cell_count: number;
    failure_count: number;
    lot_count: number;
    log_loss: number;
    baseline_log_loss: number;
    is_better: boolean;
  } | null;
  advice: Advice[];
  reason: string | null;
  method_version: string;
}

const useAdvice = (productId: string) =>
  useQuery({
    queryKey: ['failure-advice', productId],
    queryFn: ({ signal }) =>
      getJson<AdvicePage>(`/api/quality/failure-advice?${new URLSearchParams({ product_id: productId }).toString()}`, signal),
    enabled: productId !== '',
  });

/** Which cells may fail at grading: advice with how well it is known. It holds and releases nothing. */
export default function AdviceScreen() {
  const { t } = useI18n();
  const overview = useOverview();
  const products = [...new Set(overview.data?.work_requests.map((request) => request.product_id) ?? [])].sort();
  const [chosen, setChosen] = useState('');
  const product = chosen === '' ? (products[0] ?? '') : chosen;
  return (
    <div className="screen">
      <QualityTabs />
      <Notice mark="unknown">{t('advice.never_a_gate')}</Notice>
      <DataView query={overview}>
        {(_, readAt) =>
          products.length === 0 ? (
            <None readAt={readAt} />
          ) : (
            <>
              <div className="form-row">
                <SelectField
                  label={t('advice.product')}
                  options={products.map((value) => ({ value, label: value }))}
                  value={product}
                  onChange={setChosen}
                />
              </div>
              <OfProduct productId={product} />
            </>
          )
        }
      </DataView>
    </div>
  );
}

function OfProduct({ productId }: { productId: string }) {
  const { t, fixed, say } = useI18n();
  return (
    <DataView query={useAdvice(productId)}>
      {(page, readAt) => {
        const { skill } = page;
        if (skill === null) return <Notice mark="unknown">{t('advice.too_few', { reason: say(page.reason ?? '') })}</Notice>;
        return (
          <>
            <Facts
              facts={[
                { name: t('advice.learned_from'), value: t('advice.counts', { cells: skill.cell_count, lots: skill.lot_count, failures: skill.failure_count }) },
                { name: t('advice.loss'), value: fixed(skill.log_loss, 3) },
                { name: t('advice.baseline'), value: fixed(skill.baseline_log_loss, 3) },
                { name: t('advice.method'), value: page.method_version },
              ]}
            />
            {!skill.is_better && <Notice mark="unknown">{t('advice.not_better')}</Notice>}
            {page.advice.length === 0 ? <None readAt={readAt} /> : <AdviceTable rows={page.advice} />}
          </>
        );
      }}
    </DataView>
  );
}

function AdviceTable({ rows }: { rows: readonly Advice[] }) {
  const { t, percent } = useI18n();
  const columns: Column<Advice>[] = [
    { id: 'cell', header: t('advice.cell'), cell: (row) => <Link to={`/cells/${encodeURIComponent(row.cell_id)}`}>{row.cell_id}</Link> },
    { id: 'probability', header: t('advice.probability'), align: 'right', cell: (row) => percent(row.probability) },
    { id: 'reasons', header: t('advice.reasons'), cell: (row) => row.reasons.join('; ') },
  ];
  return <DataTable label={t('advice.title')} columns={columns} rows={rows} rowKey={(row) => row.cell_id} />;
}
