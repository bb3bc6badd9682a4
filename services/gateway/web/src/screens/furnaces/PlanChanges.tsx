import type { PlanChange } from '../../api/furnaces';
import { useI18n } from '../../i18n/I18nProvider';
import { DataTable, type Column } from '../../ui/DataTable';
import { Instant } from '../../parts/Instant';
import { Said } from '../../parts/Said';

const SHOWN = 5;

/** What made the newest versions of the plan: who or what, and what it moved. */
export function PlanChanges({ changes }: { changes: readonly PlanChange[] }) {
  const { t } = useI18n();
  const columns: Column<PlanChange>[] = [
    { id: 'version', header: t('furnace.version_column'), cell: (change) => change.version },
    { id: 'at', header: t('furnace.changed_at'), cell: (change) => <Instant at={change.at} /> },
    { id: 'why', header: t('furnace.why'), cell: (change) => <Said of={change.why} /> },
  ];
  if (changes.length === 0) return null;
  return (
    <>
      <h3>{t('furnace.changes')}</h3>
      <DataTable
        label={t('furnace.changes')}
        columns={columns}
        rows={changes.slice(0, SHOWN)}
        rowKey={(change) => String(change.version)}
      />
    </>
  );
}
