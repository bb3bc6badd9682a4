import { iconArrowLeft } from '@siemens/ix-icons/icons';
import { useNavigate } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { IconButton } from '../ui/IconButton';
import './BackToSearch.css';
import { ScreenTitle } from './ScreenTitle';

interface BackToSearchProps {
  to: string;
  title: string;
  /** What the way back is called; the search by default. */
  label?: string;
}

/** The title of a page that was found by a search or in a list, and the way back to it. */
export function BackToSearch({ to, title, label }: BackToSearchProps) {
  const { t } = useI18n();
  const navigate = useNavigate();
  return (
    <div className="back-to-search">
      <IconButton icon={iconArrowLeft} label={label ?? t('cell.back')} onPress={() => void navigate(to)} />
      <ScreenTitle title={title} />
    </div>
  );
}
