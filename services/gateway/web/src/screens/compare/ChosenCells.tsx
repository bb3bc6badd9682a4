import { iconClose } from '@siemens/ix-icons/icons';
import { Link } from 'react-router';
import { useI18n } from '../../i18n/I18nProvider';
import { IconButton } from '../../ui/IconButton';
import { SeriesMark } from '../../ui/SeriesMark';

interface ChosenCellsProps {
  ids: readonly string[];
  onRemove(id: string): void;
}

/** The cells with the mark that each has in the charts; a tap takes one out. */
export function ChosenCells({ ids, onRemove }: ChosenCellsProps) {
  const { t } = useI18n();
  return (
    <ul className="chosen-cells">
      {ids.map((id, index) => (
        <li key={id}>
          <SeriesMark index={index} />
          <Link to={`/cells/${encodeURIComponent(id)}`}>{id}</Link>
          <IconButton icon={iconClose} label={t('compare.remove', { id })} onPress={() => onRemove(id)} />
        </li>
      ))}
    </ul>
  );
}
