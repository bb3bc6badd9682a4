import type { ReactNode } from 'react';
import { ScreenTitle } from '../../parts/ScreenTitle';
import { Refusal } from '../../parts/Refusal';
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
        <Refusal error={error} />
      </form>
    </main>
  );
}
