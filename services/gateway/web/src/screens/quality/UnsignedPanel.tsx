import { useState } from 'react';
import { useQualityCommand, useUnsigned, type UnsignedSpecification } from '../../api/quality';
import { useCaller } from '../../app/session/SessionGate';
import { unitLabel } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { SignatureFields, SignatureTable, useSignature } from '../../parts/SignatureFields';
import { Button } from '../../ui/Button';
import { Panel } from '../../ui/Panel';
import './quality.css';

/** Versions of test specifications that do not act before they are signed. */
export function UnsignedPanel() {
  const { t, word, number } = useI18n();
  const { permissions } = useCaller();
  const limit = (value: number | null | undefined) => (value === null || value === undefined ? '…' : number(value));
  return (
    <Panel title={t('gates.unsigned')}>
      <DataView query={useUnsigned()}>
        {({ items }, readAt) =>
          items.length === 0 ? (
            <None readAt={readAt} />
          ) : (
            items.map((one) => (
              <section key={one.record_sha256} className="quality-record" aria-label={nameOf(one)}>
                <p>
                  <strong>{nameOf(one)}</strong>:{' '}
                  {one.characteristics
                    .map((item) => `${word('characteristic', item.characteristic)} ${limit(item.low)} – ${limit(item.high)} ${unitLabel(item.unit)}`)
                    .join('; ')}
                </p>
                {one.signatures.length > 0 && <SignatureTable signatures={one.signatures} />}
                {permissions.includes('decide') ? <SpecificationForm one={one} /> : <p>{t('quality.needs_decide')}</p>}
              </section>
            ))
          )
        }
      </DataView>
    </Panel>
  );
}

const nameOf = (one: UnsignedSpecification) => `${one.gate} ${one.product_id} v${one.version}`;

function SpecificationForm({ one }: { one: UnsignedSpecification }) {
  const { t } = useI18n();
  const [signing, setSigning] = useState(false);
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => setSigning(false));
  if (!signing) return <Button onPress={() => setSigning(true)}>{t('gates.sign_specification')}</Button>;
  const { product_id, operation, gate, version } = one;
  return (
    <CommandForm
      title={t('gates.sign_specification')}
      submit={t('sign.sign')}
      mutation={mutation}
      onSubmit={() => {
        send('/specification-signatures', { product_id, operation, gate, version, signature: form.given(one.record_sha256) });
        form.forget();
      }}
    >
      <SignatureFields form={form} />
    </CommandForm>
  );
}
