import { iconArrowLeft } from '@siemens/ix-icons/icons';
import type { ReactNode } from 'react';
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
  /** Where else one can go from here, at the right. */
  children?: ReactNode;
}

/** The title of a page that was found by a search or in a list, and the way back to it. */
export function BackToSearch({ to, title, label, children }: BackToSearchProps) {
  const { t } = useI18n();
  const navigate = useNavigate();
  return (
    <div className="back-to-search">
      <IconButton icon={iconArrowLeft} label={label ?? t('cell.back')} onPress={() => void navigate(to)} />
      <ScreenTitle title={title} />
      {children !== undefined && <div className="back-to-search-ways">{children}</div>}
    </div>
  );
}
