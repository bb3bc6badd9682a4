import type { WaitingTest } from '../../api/formation';
import { useI18n } from '../../i18n/I18nProvider';
import { Instant } from '../../parts/Instant';
import { Said } from '../../parts/Said';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';

/** Tests that have no channel yet; a held one says what it needs. */
export function WaitingTable({ waiting }: { waiting: readonly WaitingTest[] }) {
  const { t, word } = useI18n();
  const columns: Column<WaitingTest>[] = [
    { id: 'order', header: t('field.job_order'), cell: (test) => test.job_order_id },
    { id: 'cell', header: t('field.cell_id'), cell: (test) => test.lot_id },
    { id: 'protocol', header: t('rack.protocol'), cell: (test) => test.protocol_id },
    {
      id: 'state',
      header: t('field.state'),
      cell: ({ state }) => <Badge mark={state === 'interrupted' ? 'held' : null}>{word('job_state', state)}</Badge>,
    },
    { id: 'due', header: t('rack.due'), cell: (test) => <Instant at={test.due_at} /> },
    { id: 'reason', header: t('field.reason'), cell: (test) => <Said of={test.reason} otherwise={t('rack.no_free_channel')} /> },
  ];
  return <DataTable label={t('rack.waiting')} columns={columns} rows={waiting} rowKey={(test) => test.job_order_id} />;
}
