import { useLots } from '../../api/queries';
import type { LotSummary } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { SearchBar } from './SearchBar';
import { SearchTabs } from './SearchTabs';
import { useFilter, useSettled } from './useFilter';

export default function LotsScreen() {
  const { t } = useI18n();
  const [search, setSearch] = useFilter('search');
  const lots = useLots(useSettled(search));
  return (
    <div className="screen">
      <SearchTabs />
      <SearchBar
        hint={t('search.lot_hint')}
        search={search}
        onSearch={setSearch}
        shown={lots.data?.items.length}
        total={lots.data?.total}
      />
      <DataView query={lots}>
        {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <LotTable lots={items} />)}
      </DataView>
    </div>
  );
}

function LotTable({ lots }: { lots: readonly LotSummary[] }) {
  const { t, word } = useI18n();
  const columns: Column<LotSummary>[] = [
    { id: 'lot', header: t('field.lot_id'), cell: (lot) => lot.lot_id },
    { id: 'material', header: t('field.material'), cell: (lot) => lot.material_definition_id },
    {
      id: 'quantity',
      header: t('field.quantity'),
      align: 'right',
      cell: (lot) => <Measure value={lot.quantity} unit={lot.unit} />,
    },
    { id: 'state', header: t('field.state'), cell: (lot) => word('job_state', lot.state) },
    { id: 'request', header: t('field.work_request'), cell: (lot) => lot.work_request_id ?? NO_DATA },
    { id: 'location', header: t('field.location'), cell: (lot) => lot.location ?? NO_DATA },
    { id: 'updated', header: t('field.updated'), cell: (lot) => <Instant at={lot.updated_at} withYear /> },
  ];
  return (
    <DataTable
      label={t('search.lots')}
      columns={columns}
      rows={lots}
      rowKey={(lot) => lot.lot_id}
      rowLink={(lot) => `/lots/${encodeURIComponent(lot.lot_id)}`}
    />
  );
}
