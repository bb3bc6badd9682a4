import { useState } from 'react';
import { CALLER, useQualityCommand, type GatePage } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

/** Has the gates judge anew by the newest specification; results are added, none is changed. */
export function JudgeAgainForm({ page }: { page: GatePage }) {
  const { t, dateTime } = useI18n();
  const { permissions } = useCaller();
  const [reason, setReason] = useState('');
  const { send, mutation } = useQualityCommand(() => setReason(''));
  return (
    <Panel title={t('gates.again')}>
      {page.reevaluations.map((one) => (
        <p key={one.asked_at}>
          {dateTime(Date.parse(one.asked_at))} {one.person}: {one.reason}
        </p>
      ))}
      {permissions.includes('decide') ? (
        <CommandForm
          title={t('gates.again_title')}
          submit={t('gates.again_now')}
          mutation={mutation}
          note={t('gates.again_note')}
          onSubmit={() => send(`/job-orders/${encodeURIComponent(page.job_order_id)}/evaluations`, { ...CALLER, reason })}
        >
          <TextField label={t('field.reason')} value={reason} onChange={setReason} />
        </CommandForm>
      ) : (
        <p>{t('quality.needs_decide')}</p>
      )}
    </Panel>
  );
}
