import { useState } from 'react';
import { useQualityCommand, type GatePage, type Waiver } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { Instant } from '../../parts/Instant';
import { None } from '../../parts/None';
import { SignatureFields, SignatureTable, useSignature } from '../../parts/SignatureFields';
import { Choice } from '../../ui/Choice';
import { Panel } from '../../ui/Panel';
import { WaiverForm } from './WaiverForm';
import { WaiverState } from './WaiverState';

/** The waivers of this job order's lots with their signatures, and the way to a new one. */
export function WaiverPanel({ page, readAt }: { page: GatePage; readAt: number }) {
  const { t } = useI18n();
  const { permissions } = useCaller();
  const may = permissions.includes('decide');
  return (
    <Panel title={t('gates.waivers')}>
      {page.waivers.length === 0 && <None readAt={readAt} />}
      {page.waivers.map((waiver) => (
        <WaiverRecord key={waiver.waiver_id} waiver={waiver} may={may} />
      ))}
      {may ? <WaiverForm page={page} /> : <p>{t('quality.needs_decide')}</p>}
    </Panel>
  );
}

function WaiverRecord({ waiver, may }: { waiver: Waiver; may: boolean }) {
  const { t, word } = useI18n();
  const { body } = waiver;
  return (
    <section aria-label={t('gates.waiver_of', { id: waiver.waiver_id })}>
      <p>
        <WaiverState waiver={waiver} /> <strong>{waiver.waiver_id}</strong> {word('characteristic', body.characteristic)}:{' '}
        {body.low ?? '…'} – {body.high ?? '…'}, {body.lot_ids.join(', ')}, {t('gates.until')} <Instant at={waiver.expires_at} withYear />:{' '}
        {body.reason}
      </p>
      <SignatureTable signatures={waiver.signatures} />
      {may && waiver.state !== 'revoked' && <WaiverSignature waiver={waiver} />}
    </section>
  );
}

/** A second person signs the record that is shown; whoever signs may also revoke it. */
function WaiverSignature({ waiver }: { waiver: Waiver }) {
  const { t } = useI18n();
  const [act, setAct] = useState<'none' | 'sign' | 'revoke'>('none');
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => setAct('none'));
  const options = (['none', ...(waiver.state === 'proposed' ? (['sign'] as const) : []), 'revoke'] as const).map((value) => ({
    value,
    label: t(`gates.waiver_${value}`),
  }));
  const path = act === 'revoke' ? 'revocations' : 'signatures';
  return (
    <>
      <Choice label={t('gates.waiver_act')} options={options} value={act} onChange={(value) => setAct(value)} />
      {act !== 'none' && (
        <CommandForm
          title={t(`gates.waiver_${act}`)}
          submit={t('sign.sign')}
          mutation={mutation}
          onSubmit={() => {
            const sha256 = act === 'sign' ? waiver.signatures[0]?.record_sha256 : undefined;
            send(`/waivers/${encodeURIComponent(waiver.waiver_id)}/${path}`, form.given(sha256));
            form.forget();
          }}
        >
          <SignatureFields form={form} />
        </CommandForm>
      )}
    </>
  );
}
