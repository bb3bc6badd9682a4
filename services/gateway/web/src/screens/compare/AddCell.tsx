import { useState } from 'react';
import { useCells } from '../../api/queries';
import { useI18n } from '../../i18n/I18nProvider';
import { Unread } from '../../parts/Unread';
import { Button } from '../../ui/Button';
import { SearchField } from '../../ui/SearchField';
import { useSettled } from '../search/useFilter';

const FEWEST_LETTERS = 3;
const MOST_OFFERED = 8;

interface AddCellProps {
  chosen: readonly string[];
  onAdd(id: string): void;
}

/** A search field whose finds are buttons. */
export function AddCell({ chosen, onAdd }: AddCellProps) {
  const { t } = useI18n();
  const [search, setSearch] = useState('');
  const cells = useCells(useSettled(search), '');
  const found = search.length < FEWEST_LETTERS ? [] : (cells.data?.items ?? []);
  const offered = found.filter((cell) => !chosen.includes(cell.cell_id)).slice(0, MOST_OFFERED);
  const add = (id: string) => {
    onAdd(id);
    setSearch('');
  };
  return (
    <div className="add-cell">
      <SearchField label={t('compare.add')} clearLabel={t('search.clear')} value={search} onChange={setSearch} />
      <Unread what={t('compare.add')} query={cells} />
      {offered.map((cell) => (
        <Button key={cell.cell_id} onPress={() => add(cell.cell_id)}>
          {cell.cell_id}
        </Button>
      ))}
    </div>
  );
}
