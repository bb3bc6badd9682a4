import { iconRefresh } from '@siemens/ix-icons/icons';
import { ApiError } from '../api/http';
import { useI18n, type I18n } from '../i18n/I18nProvider';
import { Button } from '../ui/Button';
import { Mark } from '../ui/Mark';
import './ErrorNote.css';

/** What failed in one line a person on the floor can act on. */
function explain(error: Error, t: I18n['t']): string {
  if (!(error instanceof ApiError)) return error.message;
  if (error.status === null) return t('error.unreachable');
  if (error.status === 401 || error.status === 403) return t('error.permission');
  if (error.status === 404) return t('error.not_found');
  return t('error.server', { status: error.status });
}

/** The error state of a screen: what happened, what still works, and one button to try again. */
export function ErrorNote({ error, onRetry }: { error: Error; onRetry(): void }) {
  const { t } = useI18n();
  return (
    <div className="error-note" role="alert">
      <h2>
        <Mark kind="unknown" /> {t('error.title')}
      </h2>
      <p>{explain(error, t)}</p>
      <Button icon={iconRefresh} onPress={onRetry}>
        {t('data.retry')}
      </Button>
    </div>
  );
}
