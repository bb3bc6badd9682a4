import { ApiError } from '../api/http';
import { useI18n } from '../i18n/I18nProvider';
import { Mark } from '../ui/Mark';
import { reasonOf } from './reason-of';
import './Refusal.css';

interface RefusalProps {
  /** Nothing is shown while there is none. */
  error: Error | null;
  /** What was not done; the reason alone where the place says it. */
  text?(reason: string): string;
}

/** Why a command was not done, beside what gave it. What the service wrote is the tooltip, or shown where not known. */
export function Refusal({ error, text }: RefusalProps) {
  const i18n = useI18n();
  if (error === null) return null;
  const reason = reasonOf(error, i18n);
  const isAsWritten = text === undefined && error instanceof ApiError && reason === error.message;
  return (
    <div className="refusal" role="alert">
      <Mark kind="bad" />{' '}
      <span title={error.message} lang={isAsWritten && i18n.language !== 'en' ? 'en' : undefined}>
        {text?.(reason) ?? reason}
      </span>
    </div>
  );
}
