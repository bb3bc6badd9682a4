import { iconClose, iconSearch } from '@siemens/ix-icons/icons';
import { Icon } from './Icon';
import { IconButton } from './IconButton';
import './SearchField.css';

interface SearchFieldProps {
  label: string;
  clearLabel: string;
  value: string;
  onChange(value: string): void;
}

export function SearchField({ label, clearLabel, value, onChange }: SearchFieldProps) {
  return (
    <div className="search-field">
      <Icon icon={iconSearch} />
      <input
        type="text"
        inputMode="search"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {value !== '' && <IconButton icon={iconClose} label={clearLabel} onPress={() => onChange('')} />}
    </div>
  );
}
