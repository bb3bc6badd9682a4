import { useState } from 'react';
import { useCloseShort, type UnderWay } from '../../api/orders';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SelectField } from '../../parts/SelectField';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/TextField';

const UNDER_WAY: readonly UnderWay[] = ['finish', 'hold'];

/** Closes an order short: asks for the reason, and says before what it does, as there is no way back. */
export function CloseShort({ workRequestId }: { workRequestId: string }) {
  const { t } = useI18n();
  const [asking, setAsking] = useState(false);
  if (!asking) return <Button onPress={() => setAsking(true)}>{t('request.close')}</Button>;
  return <ClosingForm workRequestId={workRequestId} onDone={() => setAsking(false)} />;
}

function ClosingForm({ workRequestId, onDone }: { workRequestId: string; onDone(): void }) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const [underWay, setUnderWay] = useState<UnderWay>('finish');
  const { send, mutation } = useCloseShort(workRequestId, onDone);
  return (
    <CommandForm
      title={t('request.close_which', { request: workRequestId })}
      submit={t('request.close_now')}
      mutation={mutation}
      note={t('request.close_note')}
      onSubmit={() => send(reason.trim(), underWay)}
    >
      <TextField label={t('request.close_reason')} value={reason} onChange={setReason} autoFocus />
      <SelectField
        label={t('request.under_way')}
        options={UNDER_WAY.map((value) => ({ value, label: t(`request.under_way.${value}`) }))}
        value={underWay}
        onChange={(value) => setUnderWay(value)}
      />
      <Button onPress={onDone} busy={mutation.isPending}>
        {t('request.keep_open')}
      </Button>
    </CommandForm>
  );
}
