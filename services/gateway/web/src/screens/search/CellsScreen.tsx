import { useState } from 'react';
import { Link } from 'react-router';
import { useCells } from '../../api/queries';
import type { CellSummary, Disposition } from '../../api/types';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { Instant } from '../../parts/Instant';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Choice, type Option } from '../../ui/Choice';
import { DataTable, type Column } from '../../ui/DataTable';
import { compareAddress, MOST_COMPARED } from '../compare/compared';
import './CellsScreen.css';
import { SearchBar } from './SearchBar';
import { SearchTabs } from './SearchTabs';
import { useFilter, useSettled } from './useFilter';

const DISPOSITIONS: readonly Disposition[] = ['released', 'blocked', 'scrap'];

export default function CellsScreen() {
  const { t, word } = useI18n();
  const [search, setSearch] = useFilter('search');
  const [filter, setFilter] = useFilter('disposition');
  const disposition = DISPOSITIONS.find((known) => known === filter) ?? '';
  const [picked, setPicked] = useState<readonly string[]>([]);
  const cells = useCells(useSettled(search), disposition);
  const options: Option<Disposition | ''>[] = [
    { value: '', label: t('search.all') },
    ...DISPOSITIONS.map((known) => ({ value: known, label: word('disposition', known) })),
  ];
  return (
    <div className="screen">
      <SearchTabs />
      <SearchBar
        hint={t('search.cell_hint')}
        search={search}
        onSearch={setSearch}
        shown={cells.data?.items.length}
        total={cells.data?.total}
      >
        <Choice label={t('search.disposition')} options={options} value={disposition} onChange={setFilter} />
        {picked.length > 1 && <Link to={compareAddress(picked)}>{t('compare.picked', { count: picked.length })}</Link>}
      </SearchBar>
      <DataView query={cells}>
        {({ items }, readAt) =>
          items.length === 0 ? <None readAt={readAt} /> : <CellTable cells={items} picked={picked} onPick={setPicked} />
        }
      </DataView>
    </div>
  );
}

interface CellTableProps {
  cells: readonly CellSummary[];
  /** The cells that are to be compared, by id. */
  picked: readonly string[];
  onPick(picked: readonly string[]): void;
}

function CellTable({ cells, picked, onPick }: CellTableProps) {
  const { t, word } = useI18n();
  const columns: Column<CellSummary>[] = [
    { id: 'cell', header: t('field.cell_id'), cell: (cell) => cell.cell_id },
    {
      id: 'product',
      header: t('field.product'),
      cell: (cell) => (cell.kind === 'cell' ? cell.product_id : `${cell.product_id} (${word('kind', cell.kind)})`),
    },
    {
      id: 'operation',
      header: t('field.operation'),
      cell: (cell) => (cell.operation === null ? NO_DATA : word('operation', cell.operation)),
    },
    { id: 'state', header: t('field.state'), cell: (cell) => word('job_state', cell.state) },
    {
      id: 'disposition',
      header: t('field.disposition'),
      cell: (cell) => <DispositionBadge disposition={cell.disposition} />,
    },
    { id: 'grade', header: t('field.grade'), cell: (cell) => cell.grade ?? NO_DATA },
    {
      id: 'capacity',
      header: t('field.capacity'),
      align: 'right',
      cell: (cell) => <Measure value={cell.discharge_capacity_mah} unit="mah" />,
    },
    { id: 'reason', header: t('field.reason_held'), cell: (cell) => <Said of={cell.reason} /> },
    { id: 'updated', header: t('field.updated'), cell: (cell) => <Instant at={cell.updated_at} withYear /> },
    {
      id: 'pick',
      header: t('compare.pick'),
      cell: ({ cell_id: id }) => (
        <label className="pick" onClick={(event) => event.stopPropagation()}>
          <input
            type="checkbox"
            aria-label={`${t('compare.pick')}: ${id}`}
            checked={picked.includes(id)}
            disabled={!picked.includes(id) && picked.length >= MOST_COMPARED}
            onChange={() => onPick(picked.includes(id) ? picked.filter((other) => other !== id) : [...picked, id])}
          />
        </label>
      ),
    },
  ];
  return (
    <DataTable
      dense
      label={t('search.cells')}
      columns={columns}
      rows={cells}
      rowKey={(cell) => cell.cell_id}
      rowLink={(cell) => `/cells/${encodeURIComponent(cell.cell_id)}`}
    />
  );
}
