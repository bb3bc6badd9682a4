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

/** Why a command was not done, beside what gave it. What the service wrote is the tooltip. */
export function Refusal({ error, text = (reason) => reason }: RefusalProps) {
  const i18n = useI18n();
  if (error === null) return null;
  return (
    <div className="refusal" role="alert">
      <Mark kind="bad" /> <span title={error.message}>{text(reasonOf(error, i18n))}</span>
    </div>
  );
}
