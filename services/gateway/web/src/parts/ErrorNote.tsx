import { iconRefresh } from '@siemens/ix-icons/icons';
import { ApiError } from '../api/http';
import { useI18n, type I18n } from '../i18n/I18nProvider';
import { Button } from '../ui/Button';
import { Mark } from '../ui/Mark';
import './ErrorNote.css';
import { Said } from './Said';

/** What a person on the floor can do, in one line; null where the service's own words say it. */
function advise(error: Error, t: I18n['t']): string | null {
  if (!(error instanceof ApiError)) return null;
  if (error.status === null) return t('error.unreachable');
  if (error.status === 401 || error.status === 403) return t('error.permission');
  if (error.status === 404) return t('error.not_found');
  const isRefusal = error.status >= 400 && error.status < 500 && error.reason !== null;
  return isRefusal ? null : t('error.server', { status: error.status });
}

/** The error state of a screen: what happened and why, what still works, and one button to try again. */
export function ErrorNote({ error, onRetry }: { error: Error; onRetry(): void }) {
  const { t } = useI18n();
  const advice = advise(error, t);
  const reason = error instanceof ApiError ? error.reason : error.message;
  return (
    <div className="error-note" role="alert">
      <h2>
        <Mark kind="unknown" /> {t('error.title')}
      </h2>
      {advice !== null && <p>{advice}</p>}
      {reason !== null && (
        <p>
          <Said of={reason} />
        </p>
      )}
      <Button icon={iconRefresh} onPress={onRetry}>
        {t('data.retry')}
      </Button>
    </div>
  );
}
