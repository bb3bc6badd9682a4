import { useId } from 'react';
import './TextArea.css';

interface TextAreaProps {
  label: string;
  value: string;
  onChange(value: string): void;
}

/** A labelled field for several lines of text. */
export function TextArea({ label, value, onChange }: TextAreaProps) {
  const id = useId();
  return (
    <div className="text-area">
      <label htmlFor={id}>{label}</label>
      <textarea id={id} rows={4} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
    </div>
  );
}
