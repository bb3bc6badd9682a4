import { NAME_KINDS, useNameSearch, type FoundName } from '../../api/records';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { DataTable, type Column } from '../../ui/DataTable';
import { Mark } from '../../ui/Mark';
import { Select } from '../../ui/Select';
import { SearchBar } from './SearchBar';
import { SearchTabs } from './SearchTabs';
import { useFilter, useSettled } from './useFilter';

/** Whatever an event ever named, found by a part of its id or by a scanned code. */
export default function EverythingScreen() {
  const { t, word } = useI18n();
  const [search, setSearch] = useFilter('search');
  const [filter, setFilter] = useFilter('kind');
  const kind = NAME_KINDS.find((known) => known === filter) ?? '';
  const text = useSettled(search);
  const names = useNameSearch(text, kind);
  const options = [
    { value: '', label: t('search.all') },
    ...NAME_KINDS.map((known) => ({ value: known, label: word('name_kind', known) })),
  ];
  return (
    <div className="screen">
      <SearchTabs />
      <SearchBar hint={t('search.name_hint')} search={search} onSearch={setSearch} shown={undefined} total={undefined}>
        <Select label={t('field.kind')} options={options} value={kind} onChange={setFilter} />
      </SearchBar>
      {text.trim() === '' ? (
        <p>{t('search.start')}</p>
      ) : (
        <DataView query={names}>
          {({ items }, readAt) => (items.length === 0 ? <None readAt={readAt} /> : <NameTable names={items} />)}
        </DataView>
      )}
    </div>
  );
}

function NameTable({ names }: { names: readonly FoundName[] }) {
  const { t, word } = useI18n();
  const columns: Column<FoundName>[] = [
    { id: 'name', header: t('search.id'), cell: ({ name }) => name },
    { id: 'kind', header: t('field.kind'), cell: ({ kind }) => word('name_kind', kind) },
    { id: 'material', header: t('field.material'), cell: (one) => one.material_definition_id ?? NO_DATA },
    { id: 'grade', header: t('field.grade'), cell: ({ grade }) => grade ?? NO_DATA },
    { id: 'held', header: t('field.state'), cell: ({ is_held }) => is_held && <Held /> },
    { id: 'first', header: t('search.first_at'), cell: ({ first_at }) => <Instant at={first_at} withYear /> },
  ];
  return (
    <DataTable
      label={t('search.everything')}
      columns={columns}
      rows={names}
      rowKey={({ kind, name }) => `${kind} ${name}`}
      rowLink={addressOf}
    />
  );
}

function Held() {
  const { t } = useI18n();
  return (
    <>
      <Mark kind="held" /> {t('search.held')}
    </>
  );
}

function addressOf({ kind, name, grade }: FoundName): string | undefined {
  const id = encodeURIComponent(name);
  if (kind === 'lot') return grade === null ? `/lots/${id}` : `/cells/${id}`;
  return kind === 'furnace_load' ? `/furnaces/loads/${id}` : undefined;
}
