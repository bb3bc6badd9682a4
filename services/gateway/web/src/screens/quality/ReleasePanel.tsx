import { useState } from 'react';
import { useQualityCommand, type GatePage, type WaitingRelease } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { Said } from '../../parts/Said';
import { SignatureFields, SignatureTable, useSignature } from '../../parts/SignatureFields';
import { Button } from '../../ui/Button';
import { Panel } from '../../ui/Panel';

/** What a gate found good and a person must release; nothing where no gate asks for it. */
export function ReleasePanel({ page }: { page: GatePage }) {
  const { t, word } = useI18n();
  const { permissions } = useCaller();
  if (page.releases.length === 0) return null;
  return (
    <Panel title={t('gates.releases')} note={t('gates.releases_note')}>
      {page.releases.map((one) => (
        <section key={`${one.gate} ${one.lot_id}`} className="quality-record" aria-label={t('gates.release_of', { lot: one.lot_id })}>
          <div>
            <strong>{one.lot_id}</strong> ({word('gate_name', one.gate)}): <Said of={one.reason} recorded />
          </div>
          {one.signatures.length > 0 && <SignatureTable signatures={one.signatures} />}
          {permissions.includes('decide') ? <ReleaseForm page={page} one={one} /> : <p>{t('quality.needs_decide')}</p>}
        </section>
      ))}
    </Panel>
  );
}

/** Bound to the hash of the record that is shown. */
function ReleaseForm({ page, one }: { page: GatePage; one: WaitingRelease }) {
  const { t } = useI18n();
  const [signing, setSigning] = useState(false);
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => setSigning(false));
  if (!signing) return <Button onPress={() => setSigning(true)}>{t('gates.release_now')}</Button>;
  return (
    <CommandForm
      title={t('gates.release_now')}
      submit={t('sign.sign')}
      mutation={mutation}
      onSubmit={() => {
        send('/release-signatures', {
          job_order_id: page.job_order_id,
          gate: one.gate,
          lot_id: one.lot_id,
          signature: form.given(one.record_sha256),
        });
        form.forget();
      }}
    >
      <SignatureFields form={form} />
    </CommandForm>
  );
}
