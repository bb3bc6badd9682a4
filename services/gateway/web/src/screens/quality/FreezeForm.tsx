import { useState } from 'react';
import { CALLER, useQualityCommand, type ChartPage } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { TextField } from '../../ui/TextField';

/** Freezes limits from some of the points; what comes later is held against them. */
export function FreezeForm({ page }: { page: ChartPage }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const last = page.points.at(-1)?.number ?? 0;
  const [first, setFirst] = useState('1');
  const [to, setTo] = useState(String(last));
  const [reason, setReason] = useState('');
  const { send, mutation } = useQualityCommand(() => setReason(''));
  if (!permissions.includes('engineer')) return <p>{t('spc.needs_engineer')}</p>;
  return (
    <CommandForm
      title={t('spc.freeze')}
      submit={t('spc.freeze_now')}
      mutation={mutation}
      note={t('spc.freeze_note')}
      onSubmit={() =>
        send(`/control-charts/${encodeURIComponent(page.chart_id)}/limits`, {
          ...CALLER,
          series: page.series,
          first: Number(first),
          last: Number(to),
          reason,
        })
      }
    >
      <TextField label={t('spc.first')} value={first} onChange={setFirst} />
      <TextField label={t('spc.last')} value={to} onChange={setTo} />
      <TextField label={t('field.reason')} value={reason} onChange={setReason} />
    </CommandForm>
  );
}
