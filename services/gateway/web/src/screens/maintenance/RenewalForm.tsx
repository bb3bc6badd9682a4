import { useEffect, useRef, useState } from 'react';
import { commandKey } from '../../api/http';
import { useRenew, type DueDate, type Renewal } from '../../api/maintenance';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { DateField } from '../../parts/DateField';
import { Button } from '../../ui/Button';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

interface RenewalFormProps {
  due: DueDate;
  renewal: Renewal;
  onDone(): void;
}

/** A new date with its evidence, and which piece is there now; it becomes the next version of the master data. */
export function RenewalForm({ due, renewal, onDone }: RenewalFormProps) {
  const { t, word } = useI18n();
  const [until, setUntil] = useState('');
  const [name, setName] = useState(due.item);
  const [evidence, setEvidence] = useState('');
  const mutation = useRenew(onDone);
  const form = useRef<HTMLDivElement>(null);
  // The row that was chosen may stand far below.
  useEffect(() => form.current?.scrollIntoView({ block: 'nearest' }), []);
  return (
    <div ref={form}>
      <Panel title={`${word('upkeep', due.upkeep)}: ${due.equipment_id}`}>
        <CommandForm
          title={due.item}
          submit={t('maintenance.keep')}
          note={t('maintenance.renew_note', { version: renewal.record.version + 1 })}
          mutation={mutation}
          onSubmit={() =>
            mutation.mutate({ due, renewal, dueAt: `${until}T00:00:00Z`, name: name.trim(), evidence: evidence.trim(), key: commandKey() })
          }
        >
          {renewal.name_field !== null && <TextField label={t('maintenance.piece')} value={name} onChange={setName} />}
          <DateField label={t('maintenance.until')} value={until} onChange={setUntil} />
          <div className="renewal-evidence">
            <TextField label={t('maintenance.evidence')} value={evidence} onChange={setEvidence} />
          </div>
          <Button onPress={onDone}>{t('maintenance.cancel')}</Button>
        </CommandForm>
      </Panel>
    </div>
  );
}
