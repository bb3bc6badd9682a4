import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/I18nProvider';
import { SearchField } from '../../ui/SearchField';
import './SearchBar.css';

interface SearchBarProps {
  hint: string;
  search: string;
  onSearch(search: string): void;
  shown: number | undefined;
  total: number | undefined;
  children?: ReactNode;
}

export function SearchBar({ hint, search, onSearch, shown, total, children }: SearchBarProps) {
  const { t } = useI18n();
  return (
    <div className="search-bar">
      <SearchField label={hint} clearLabel={t('search.clear')} value={search} onChange={onSearch} />
      {children}
      {shown !== undefined && total !== undefined && (
        <span className="search-bar-count">{t('search.shown', { shown, total })}</span>
      )}
    </div>
  );
}
