import { useId } from 'react';
import './TextField.css';

interface DateFieldProps {
  label: string;
  /** `2026-11-28`, or empty. */
  value: string;
  onChange(value: string): void;
  /** False where the form may be sent without it. */
  required?: boolean;
}

/** A labelled day, picked or typed. */
export function DateField({ label, value, onChange, required = true }: DateFieldProps) {
  const id = useId();
  return (
    <div className="text-field">
      <label htmlFor={id}>{label}</label>
      <input id={id} type="date" required={required} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </div>
  );
}
