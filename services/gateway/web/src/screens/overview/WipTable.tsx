import type { WorkInProcess } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';

export function WipTable({ wip, readAt }: { wip: readonly WorkInProcess[]; readAt: number }) {
  const { t, word } = useI18n();
  if (wip.length === 0) return <None readAt={readAt} />;
  const count = (id: 'waiting' | 'running' | 'ended'): Column<WorkInProcess> => ({
    id,
    header: t(`wip.${id}`),
    align: 'right',
    cell: (row) => <span className="live-value">{row[id]}</span>,
  });
  const columns: Column<WorkInProcess>[] = [
    { id: 'operation', header: t('wip.operation'), cell: (row) => word('operation', row.operation) },
    count('waiting'),
    count('running'),
    { id: 'held', header: t('wip.held'), align: 'right', cell: (row) => <Held count={row.held} /> },
    count('ended'),
  ];
  return <DataTable dense label={t('overview.wip')} columns={columns} rows={wip} rowKey={(row) => row.operation} />;
}

function Held({ count }: { count: number }) {
  if (count === 0) return <span className="live-value">0</span>;
  return (
    <strong style={{ whiteSpace: 'nowrap' }}>
      <Mark kind="held" /> <span className="live-value">{count}</span>
    </strong>
  );
}
