import { useState } from 'react';
import { newId, useQualityCommand, type GatePage, type GateValue, type NewWaiver } from '../../api/quality';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { CommandForm } from '../../parts/CommandForm';
import { SelectField } from '../../parts/SelectField';
import { LotPicks } from '../../parts/LotPicks';
import { SignatureFields, useSignature } from '../../parts/SignatureFields';
import { TextField } from '../../ui/TextField';

const DAY_MS = 86_400_000;
const numberOf = (text: string) => Number(text.replace(',', '.'));

/** Values that were measured and refused; what is not known can not be waived. */
function waivable(page: GatePage): { gate: string; value: GateValue }[] {
  return page.gates.flatMap(({ gate, results }) =>
    results
      .filter((one) => one.disposition !== null && one.disposition !== 'released' && typeof one.value === 'number')
      .map((value) => ({ gate, value })),
  );
}

/** Wider limits for named lots until a day, with the first of the signatures. */
export function WaiverForm({ page }: { page: GatePage }) {
  const { t, word } = useI18n();
  const found = waivable(page);
  const keys = [...new Set(found.map(({ gate, value }) => `${gate}/${value.characteristic}`))];
  const [chosen, setChosen] = useState('');
  const key = keys.includes(chosen) ? chosen : keys[0];
  if (key === undefined) return <p>{t('gates.nothing_to_waive')}</p>;
  const options = keys.map((value) => {
    const [gate = '', what = ''] = value.split('/');
    return { value, label: `${word('gate_name', gate)}: ${word('characteristic', what)}` };
  });
  const values = found.filter(({ gate, value }) => `${gate}/${value.characteristic}` === key).map(({ value }) => value);
  return (
    <>
      {keys.length > 1 && <SelectField label={t('gate.characteristic')} options={options} value={key} onChange={setChosen} />}
      <Proposal key={key} page={page} gate={key.split('/')[0] ?? ''} values={values} title={options.find((one) => one.value === key)?.label ?? key} />
    </>
  );
}

interface ProposalProps {
  page: GatePage;
  gate: string;
  values: readonly GateValue[];
  title: string;
}

function Proposal({ page, gate, values, title }: ProposalProps) {
  const { t } = useI18n();
  const now = usePlantInstant();
  const first = values[0];
  const [low, setLow] = useState(String(first?.low ?? ''));
  const [high, setHigh] = useState(String(first?.high ?? ''));
  const [lots, setLots] = useState<string[]>([]);
  const [days, setDays] = useState('7');
  const [reason, setReason] = useState('');
  const form = useSignature('');
  const { send, mutation } = useQualityCommand(() => setReason(''));
  const propose = () => {
    if (first === undefined || now === null) return;
    const body: NewWaiver = {
      waiver_id: newId('W'),
      product_id: page.product_id,
      operation: page.operation,
      gate,
      characteristic: first.characteristic,
      lot_ids: lots,
      ...(low !== '' && { low: numberOf(low) }),
      ...(high !== '' && { high: numberOf(high) }),
      reason,
      expires_at: new Date(now.plantMs + numberOf(days) * DAY_MS).toISOString(),
      signature: form.given(),
    };
    send('/waivers', body);
    form.forget();
  };
  return (
    <CommandForm
      title={t('gates.waive', { what: title })}
      submit={t('gates.propose')}
      mutation={mutation}
      note={t('gates.waive_note')}
      onSubmit={propose}
    >
      <LotPicks label={t('gates.lots')} lots={values.map((one) => one.lot_id)} chosen={lots} onChange={setLots} />
      {first?.low !== null && <TextField label={t('gates.low_instead', { unit: first?.unit ?? '' })} value={low} onChange={setLow} />}
      {first?.high !== null && <TextField label={t('gates.high_instead', { unit: first?.unit ?? '' })} value={high} onChange={setHigh} />}
      <TextField label={t('gates.days')} value={days} onChange={setDays} />
      <TextField label={t('field.reason')} value={reason} onChange={setReason} />
      <SignatureFields form={form} />
    </CommandForm>
  );
}
