import { useState } from 'react';
import { commandKey } from '../../api/http';
import { CHANNEL_ENTRIES, useChannelEntry, type ChannelEntryKind, type NewChannelEntry } from '../../api/maintenance';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { DateField } from '../../parts/DateField';
import { SelectField } from '../../parts/SelectField';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

/** Per cent of full scale as it is typed, with a point or a comma, as a ratio. */
const ratioOf = (text: string) => Number(text.replace(',', '.')) / 100;

/** A line for the history of a channel; what was written before stays. */
export function ChannelEntryForm({ equipmentId, channel }: { equipmentId: string; channel: string }) {
  const { t, word } = useI18n();
  const caller = useCaller();
  const [entry, setEntry] = useState<ChannelEntryKind>('calibrated');
  const [note, setNote] = useState('');
  const [on, setOn] = useState('');
  const [due, setDue] = useState('');
  const [share, setShare] = useState('');
  const mutation = useChannelEntry(caller.name, () => setNote(''));
  if (!caller.permissions.includes('maintain')) return <p>{t('channel.needs_maintain')}</p>;
  const line: NewChannelEntry = {
    equipment_id: equipmentId,
    channel,
    entry,
    note: note.trim(),
    ...(entry === 'calibrated' && { calibrated_on: on, calibration_due: due, current_uncertainty_ratio: ratioOf(share) }),
    ...(entry === 'drift_found' && { drift_ratio: ratioOf(share) }),
  };
  return (
    <Panel title={t('channel.write')}>
      <CommandForm
        title={t('channel.write_title', { channel })}
        submit={t('channel.write_now')}
        note={t('channel.write_note')}
        mutation={mutation}
        onSubmit={() => mutation.mutate({ entry: line, key: commandKey() })}
      >
        <SelectField
          label={t('channel.entry')}
          options={CHANNEL_ENTRIES.map((value) => ({ value, label: word('channel_entry', value) }))}
          value={entry}
          onChange={(value) => setEntry(value)}
        />
        {entry === 'calibrated' && (
          <>
            <DateField label={t('channel.calibrated')} value={on} onChange={setOn} />
            <DateField label={t('channel.due')} value={due} onChange={setDue} />
          </>
        )}
        {entry === 'calibrated' && <TextField label={t('channel.uncertainty_percent')} value={share} onChange={setShare} />}
        {entry === 'drift_found' && <TextField label={t('channel.drift_percent')} value={share} onChange={setShare} />}
        <TextField label={t('channel.note')} value={note} onChange={setNote} />
      </CommandForm>
    </Panel>
  );
}
