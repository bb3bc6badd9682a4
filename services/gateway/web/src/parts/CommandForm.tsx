import type { ReactNode } from 'react';
import { SubmitButton } from '../ui/SubmitButton';
import './CommandForm.css';
import { Refusal } from './Refusal';

interface CommandFormProps {
  title: string;
  submit: string;
  mutation: { isPending: boolean; error: Error | null };
  onSubmit(): void;
  note?: string;
  children: ReactNode;
}

/** A form that gives one command: pending until the answer is there, refused with the service's own words. */
export function CommandForm({ title, submit, mutation, onSubmit, note, children }: CommandFormProps) {
  return (
    <form
      className="command-form"
      aria-label={title}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <h3>{title}</h3>
      {note !== undefined && <p className="command-note">{note}</p>}
      {children}
      <SubmitButton busy={mutation.isPending}>{submit}</SubmitButton>
      <Refusal error={mutation.error} />
    </form>
  );
}
