import type { CellOperation } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';

export function OperationTable({ operations, readAt }: { operations: readonly CellOperation[]; readAt: number }) {
  const { t, word } = useI18n();
  if (operations.length === 0) return <None readAt={readAt} />;
  const columns: Column<CellOperation>[] = [
    { id: 'operation', header: t('field.operation'), cell: (row) => word('operation', row.operation) },
    { id: 'state', header: t('field.state'), cell: (row) => word('job_state', row.state) },
    { id: 'started', header: t('field.started'), cell: (row) => <Instant at={row.started_at} withYear /> },
    { id: 'ended', header: t('field.ended'), cell: (row) => <Instant at={row.ended_at} withYear /> },
    { id: 'duration', header: t('field.duration'), cell: (row) => <Duration operation={row} /> },
    { id: 'equipment', header: t('field.equipment'), cell: (row) => row.equipment_id ?? NO_DATA },
    { id: 'job', header: t('field.job_order'), cell: (row) => row.job_order_id },
  ];
  return (
    <DataTable label={t('cell.operations')} columns={columns} rows={operations} rowKey={(row) => row.job_order_id} />
  );
}

/** From start to end; while it runs, from start to now. */
function Duration({ operation }: { operation: CellOperation }) {
  const { duration } = useI18n();
  const now = usePlantInstant();
  const from = operation.started_at === null ? null : Date.parse(operation.started_at);
  const to = operation.ended_at === null ? (now?.plantMs ?? null) : Date.parse(operation.ended_at);
  if (from === null || to === null) return NO_DATA;
  return <span className={operation.ended_at === null ? 'live-value' : undefined}>{duration((to - from) / 1_000)}</span>;
}
