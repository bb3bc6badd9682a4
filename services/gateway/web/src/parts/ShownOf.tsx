import { useI18n } from '../i18n/I18nProvider';
import { Button } from '../ui/Button';

interface ShownOfProps {
  shown: number;
  total: number;
  /** Reads more of the list; left out where all that can be read is shown. */
  onMore?: (() => void) | undefined;
}

/** How many of a list are shown, where that is not all of it. */
export function ShownOf({ shown, total, onMore }: ShownOfProps) {
  const { t } = useI18n();
  if (shown >= total) return null;
  return (
    <p>
      {t('search.shown', { shown, total })} {onMore !== undefined && <Button onPress={onMore}>{t('search.more')}</Button>}
    </p>
  );
}
