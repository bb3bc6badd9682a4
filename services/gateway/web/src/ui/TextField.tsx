import { useId, type HTMLInputAutoCompleteAttribute } from 'react';
import './TextField.css';

interface TextFieldProps {
  label: string;
  value: string;
  onChange(value: string): void;
  /** True where nobody may read over the shoulder. */
  secret?: boolean;
  autoComplete?: HTMLInputAutoCompleteAttribute;
  autoFocus?: boolean;
}

/** A labelled line of text. */
export function TextField({ label, value, onChange, secret = false, autoComplete = 'off', autoFocus = false }: TextFieldProps) {
  const id = useId();
  return (
    <div className="text-field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={secret ? 'password' : 'text'}
        autoComplete={autoComplete}
        autoCapitalize="none"
        autoFocus={autoFocus}
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}
