import { useEffect, useId, useRef, useState } from 'react';
import { useI18n } from '../i18n/I18nProvider';
import '../ui/TextField.css';
import { isDay, withDashes } from './iso-day';

interface DateFieldProps {
  label: string;
  /** `2026-11-28`, or empty. */
  value: string;
  /** Called with a whole day or with nothing, never with a part of one. */
  onChange(value: string): void;
  /** False where the form may be sent without it. */
  required?: boolean;
}

/**
 * A labelled day, typed as digits: year, month, day. A browser's own field of days writes them as its own locale does,
 * whatever language the person chose, so that 03/04 is April to one and March to the other.
 */
export function DateField({ label, value, onChange, required = true }: DateFieldProps) {
  const { t } = useI18n();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  // Nobody is told of a mistake while still typing.
  const [left, setLeft] = useState(false);
  const wrong = text === '' ? required : !isDay(text);
  const complaint = wrong ? t('date.wrong') : '';
  const complains = wrong && left && text !== '';

  // The browser's words for a missing value are in its own language; these are in the person's.
  useEffect(() => input.current?.setCustomValidity(complaint), [complaint]);

  const take = (typed: string) => {
    // A dash that was taken back must not come again at once.
    const next = typed.length < text.length ? typed : withDashes(typed);
    setText(next);
    onChange(isDay(next) ? next : '');
  };

  return (
    <div className="text-field">
      <label htmlFor={id}>{label}</label>
      <small id={`${id}-note`} className={complains ? 'text-field-note' : 'visually-hidden'}>
        {complains ? complaint : t('date.note')}
      </small>
      <input
        id={id}
        ref={input}
        inputMode="numeric"
        autoComplete="off"
        placeholder={t('date.form')}
        aria-required={required}
        aria-invalid={complains}
        aria-describedby={`${id}-note`}
        value={text}
        onChange={(event) => take(event.currentTarget.value)}
        onFocus={() => setLeft(false)}
        onBlur={() => setLeft(true)}
      />
    </div>
  );
}
