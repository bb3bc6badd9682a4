import { useState } from 'react';
import { newId, useQualityCommand, useReworkRoutes, type NcDecision, type NcPage } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SelectField } from '../../parts/SelectField';
import { DispositionBadge } from '../../parts/DispositionBadge';
import { LotPicks } from '../../parts/LotPicks';
import { None } from '../../parts/None';
import { SignatureFields, SignatureTable, useSignature } from '../../parts/SignatureFields';
import { Unread } from '../../parts/Unread';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Panel } from '../../ui/Panel';
import { TextField } from '../../ui/TextField';

const WORDS = ['released', 'rework', 'scrap'] as const;

interface DispositionPanelProps {
  page: NcPage;
  readAt: number;
  may: boolean;
}

/** What becomes of which lots, who signed it, and whether it acts; a release waits for a second person. */
export function DispositionPanel({ page, readAt, may }: DispositionPanelProps) {
  const { t } = useI18n();
  return (
    <Panel title={t('nc.dispositions')}>
      {page.dispositions.length === 0 && <None readAt={readAt} />}
      {page.dispositions.map((one) => (
        <DispositionRecord key={one.disposition_id} page={page} one={one} may={may} />
      ))}
      {may && <DispositionForm page={page} />}
    </Panel>
  );
}

function DispositionRecord({ page, one, may }: { page: NcPage; one: NcDecision; may: boolean }) {
  const { t } = useI18n();
  const [signing, setSigning] = useState(false);
  const { record } = one;
  return (
    <section className="quality-record" aria-label={t('nc.disposition_of', { id: one.disposition_id })}>
      <p>
        <DispositionBadge disposition={record.disposition} />{' '}
        <Badge mark={one.state === 'in_force' ? 'good' : 'held'}>{t(`nc.disposition.${one.state}`)}</Badge>{' '}
        <strong>{record.lot_ids.join(', ')}</strong>: {record.reason}
        {record.rework_route_id !== null && ` (${record.rework_route_id})`}
      </p>
      <SignatureTable signatures={one.signatures} />
      {may && one.state === 'proposed' && !signing && <Button onPress={() => setSigning(true)}>{t('nc.sign_too')}</Button>}
      {may && one.state === 'proposed' && signing && <SecondSignature page={page} one={one} />}
    </section>
  );
}

/** Bound to the hash of the record that is shown: when that has changed, the service refuses. */
function SecondSignature({ page, one }: { page: NcPage; one: NcDecision }) {
  const { t } = useI18n();
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => undefined);
  const path = `/nonconformances/${encodeURIComponent(page.nonconformance_id)}/dispositions/${encodeURIComponent(one.disposition_id)}/signatures`;
  return (
    <CommandForm
      title={t('nc.sign_too')}
      submit={t('sign.sign')}
      mutation={mutation}
      onSubmit={() => {
        send(path, form.given(one.signatures[0]?.record_sha256));
        form.forget();
      }}
    >
      <SignatureFields form={form} />
    </CommandForm>
  );
}

function DispositionForm({ page }: { page: NcPage }) {
  const { t, word } = useI18n();
  const [chosen, setChosen] = useState<(typeof WORDS)[number]>('released');
  const [lots, setLots] = useState<string[]>([]);
  const [reason, setReason] = useState('');
  const [route, setRoute] = useState('');
  const asked = useReworkRoutes();
  const routes = asked.data?.items ?? [];
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => {
    setLots([]);
    setReason('');
  });
  const routeId = routes.some((one) => one.rework_route_id === route) ? route : routes[0]?.rework_route_id;
  const propose = () => {
    send(`/nonconformances/${encodeURIComponent(page.nonconformance_id)}/dispositions`, {
      disposition_id: newId('D'),
      lot_ids: lots,
      disposition: chosen,
      reason,
      ...(chosen === 'rework' && { rework_route_id: routeId }),
      signature: form.given(),
    });
    form.forget();
  };
  return (
    <CommandForm
      title={t('nc.decide')}
      submit={t('nc.decide_now')}
      mutation={mutation}
      note={t(`nc.decide_note.${chosen}`)}
      onSubmit={propose}
    >
      <Choice
        label={t('field.disposition')}
        options={WORDS.map((value) => ({ value, label: word('disposition', value) }))}
        value={chosen}
        onChange={(value) => setChosen(value)}
      />
      <LotPicks label={t('gates.lots')} lots={page.lots.map((one) => one.lot_id)} chosen={lots} onChange={setLots} />
      <Unread what={t('nc.route')} query={asked} />
      {chosen === 'rework' &&
        (routeId === undefined ? (
          asked.data !== undefined && <p>{t('nc.no_route')}</p>
        ) : (
          <SelectField
            label={t('nc.route')}
            options={routes.map((one) => ({ value: one.rework_route_id, label: `${one.rework_route_id}: ${one.operations.join(' → ')}` }))}
            value={routeId}
            onChange={setRoute}
          />
        ))}
      <TextField label={t('field.reason')} value={reason} onChange={setReason} />
      <SignatureFields form={form} />
    </CommandForm>
  );
}
