import { useState } from 'react';
import { CALLER, useQualityCommand, type NcPage } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SelectField } from '../../parts/SelectField';
import { TextField } from '../../ui/TextField';

const KINDS = ['material', 'machine', 'method', 'measurement', 'person', 'environment'] as const;

/** What was found to be the cause, and how; a later one counts, none is lost. */
export function CauseForm({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const [kind, setKind] = useState<(typeof KINDS)[number]>('material');
  const [cause, setCause] = useState('');
  const [method, setMethod] = useState('');
  const { send, mutation } = useQualityCommand(() => setCause(''));
  return (
    <CommandForm
      title={t('nc.find_cause')}
      submit={t('nc.keep_cause')}
      mutation={mutation}
      onSubmit={() =>
        send(`/nonconformances/${encodeURIComponent(page.nonconformance_id)}/causes`, { ...CALLER, cause_of: kind, cause, method })
      }
    >
      <SelectField
        label={t('nc.by.cause_of')}
        options={KINDS.map((value) => ({ value, label: t(`nc.cause_of.${value}`) }))}
        value={kind}
        onChange={(value) => setKind(value)}
      />
      <TextField label={t('nc.cause')} value={cause} onChange={setCause} />
      <TextField label={t('nc.method')} value={method} onChange={setMethod} />
    </CommandForm>
  );
}
