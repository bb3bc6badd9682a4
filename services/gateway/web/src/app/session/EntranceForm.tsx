import type { ReactNode } from 'react';
import { useI18n } from '../../i18n/I18nProvider';
import { ApiError } from '../../api/http';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Mark } from '../../ui/Mark';
import { LanguageSelect } from '../LanguageSelect';
import './EntranceForm.css';

interface EntranceFormProps {
  title: string;
  note?: string;
  error: Error | null;
  onSubmit(): void;
  children: ReactNode;
}

/** The one form of a page that stands before the plant: language, fields, and why it was refused. */
export function EntranceForm({ title, note, error, onSubmit, children }: EntranceFormProps) {
  const { say, t } = useI18n();
  return (
    <main className="entrance">
      <form
        className="entrance-form"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <div className="entrance-head">
          <ScreenTitle title={title} />
          <LanguageSelect />
        </div>
        {note !== undefined && <p className="entrance-note">{note}</p>}
        {children}
        {error !== null && (
          <div role="alert">
            <Mark kind="bad" />{' '}
            {error instanceof ApiError && error.status === null ? t('alarm.no_answer') : say(error.message)}
          </div>
        )}
      </form>
    </main>
  );
}
