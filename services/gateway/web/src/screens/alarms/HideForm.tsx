import { useState } from 'react';
import { useI18n } from '../../i18n/I18nProvider';
import { Select } from '../../ui/Select';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';

const MINUTES = [10, 30, 60, 120, 240, 480, 1440] as const;
const LONGEST_H = 24;

interface HideFormProps {
  /** True for a shelf, which ends by itself. */
  timed: boolean;
  /** What the alarm table allows; null: the alarm has no row in it. */
  longestH: number | null;
  busy: boolean;
  onSend(reason: string, durationS: number): void;
}

/** Why, and for a shelf how long, an alarm is hidden; neither goes without. */
export function HideForm({ timed, longestH, busy, onSend }: HideFormProps) {
  const { t, duration } = useI18n();
  const [reason, setReason] = useState('');
  const allowed = MINUTES.filter((minutes) => minutes <= (longestH ?? LONGEST_H) * 60);
  const [minutes, setMinutes] = useState(String(allowed[0] ?? 1));
  const [missing, setMissing] = useState(false);
  return (
    <form
      className="hide-form"
      onSubmit={(event) => {
        event.preventDefault();
        const said = reason.trim();
        setMissing(said.length < 3);
        if (said.length >= 3) onSend(said, Number(minutes) * 60);
      }}
    >
      <TextField label={t('alarms.reason')} value={reason} onChange={setReason} autoFocus />
      {missing && <span role="alert">{t('alarms.reason_missing')}</span>}
      {timed && (
        <Select
          label={t('alarms.how_long')}
          value={minutes}
          onChange={setMinutes}
          options={allowed.map((choice) => ({ value: String(choice), label: duration(choice * 60) }))}
        />
      )}
      <SubmitButton busy={busy}>{t(timed ? 'alarms.shelve_now' : 'alarms.take_out_now')}</SubmitButton>
    </form>
  );
}
