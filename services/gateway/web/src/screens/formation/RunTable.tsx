import type { TestRunSummary } from '../../api/formation';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { DataTable, type Column } from '../../ui/DataTable';
import { RunState } from './RunState';

/** The newest tests; a tap leads to the page of one. */
export function RunTable({ runs }: { runs: readonly TestRunSummary[] }) {
  const { t, number } = useI18n();
  const columns: Column<TestRunSummary>[] = [
    { id: 'order', header: t('rack.test'), cell: (run) => run.job_order_id },
    { id: 'cell', header: t('field.cell_id'), cell: (run) => run.lot_id },
    { id: 'protocol', header: t('rack.protocol'), cell: (run) => `${run.protocol_id} v${run.protocol_version}` },
    { id: 'channel', header: t('rack.channel'), cell: (run) => run.channel },
    { id: 'state', header: t('field.state'), cell: (run) => <RunState run={run} /> },
    { id: 'started', header: t('field.started'), cell: (run) => <Instant at={run.started_at} withYear /> },
    { id: 'ended', header: t('field.ended'), cell: (run) => <Instant at={run.ended_at} withYear /> },
    { id: 'rows', header: t('rack.rows'), align: 'right', cell: (run) => number(run.row_count) },
  ];
  return (
    <DataTable
      label={t('rack.tests')}
      columns={columns}
      rows={runs}
      rowKey={(run) => run.job_order_id}
      rowLink={(run) => `/racks/tests/${encodeURIComponent(run.job_order_id)}`}
    />
  );
}
