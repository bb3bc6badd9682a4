import { iconArrowLeft } from '@siemens/ix-icons/icons';
import { useNavigate } from 'react-router';
import { useI18n } from '../i18n/I18nProvider';
import { IconButton } from '../ui/IconButton';
import './BackToSearch.css';

/** The title of a page that was found by a search, and the way back to it. */
export function BackToSearch({ to, title }: { to: string; title: string }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  return (
    <div className="back-to-search">
      <IconButton icon={iconArrowLeft} label={t('cell.back')} onPress={() => void navigate(to)} />
      <h1>{title}</h1>
    </div>
  );
}
