import { useState } from 'react';
import { useQualityCommand, type NcPage } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SignatureFields, useSignature } from '../../parts/SignatureFields';
import { TextField } from '../../ui/TextField';

/** Closes what has a disposition of each lot, a cause and checked actions; what is missing is said. */
export function CloseForm({ page }: { page: NcPage }) {
  const { t } = useI18n();
  const [conclusion, setConclusion] = useState('');
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => undefined);
  return (
    <CommandForm
      title={t('nc.close')}
      submit={t('sign.sign')}
      mutation={mutation}
      note={t('nc.close_note')}
      onSubmit={() => {
        send(`/nonconformances/${encodeURIComponent(page.nonconformance_id)}/closings`, { conclusion, signature: form.given() });
        form.forget();
      }}
    >
      <TextField label={t('nc.conclusion')} value={conclusion} onChange={setConclusion} />
      <SignatureFields form={form} />
    </CommandForm>
  );
}
