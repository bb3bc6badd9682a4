import { useState } from 'react';
import { useCaller } from '../../app/session/SessionGate';
import { useGlueMixes, useMixChange, type GlueMix, type MixCheck } from '../../api/spray';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Said } from '../../parts/Said';
import { Refusal } from '../../parts/Refusal';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { DataTable, type Column } from '../../ui/DataTable';
import type { MarkKind } from '../../ui/Mark';
import { Panel } from '../../ui/Panel';
import { ProgressBar } from '../../ui/ProgressBar';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';
import './GluePanel.css';

const MARKS: Record<GlueMix['state'], MarkKind | null> = {
  weighed: 'held',
  usable: 'good',
  blocked: 'bad',
  expired: 'bad',
  disposed: null,
};

/** The glue pots with what is left of their lives; one is chosen to be verified, checked or disposed of. */
export function GluePanel() {
  const { t } = useI18n();
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Panel title={t('spray.glue')}>
      <DataView query={useGlueMixes()}>
        {({ items }, readAt) => {
          if (items.length === 0) return <None readAt={readAt} />;
          const mix = items.find((one) => one.lot_id === chosen);
          return (
            <>
              <GlueTable mixes={items} onChoose={setChosen} />
              {mix !== undefined && <MixForm key={mix.lot_id} mix={mix} onDone={() => setChosen(null)} />}
            </>
          );
        }}
      </DataView>
    </Panel>
  );
}

function GlueTable({ mixes, onChoose }: { mixes: readonly GlueMix[]; onChoose(lotId: string): void }) {
  const { t, number } = useI18n();
  const caller = useCaller();
  const may = caller.permissions.includes('operate');
  const columns: Column<GlueMix>[] = [
    { id: 'lot', header: t('spray.glue_lot'), cell: (mix) => mix.lot_id },
    { id: 'state', header: t('field.state'), cell: (mix) => <Badge mark={MARKS[mix.state]}>{t(`spray.mix.${mix.state}`)}</Badge> },
    { id: 'life', header: t('spray.life'), cell: (mix) => <Life mix={mix} /> },
    { id: 'left', header: t('spray.left_ul'), align: 'right', cell: (mix) => number(mix.left_ul) },
    { id: 'by', header: t('spray.weighed_by'), cell: (mix) => (mix.weighed_by === 'received' ? t('spray.received') : mix.weighed_by) },
    { id: 'verified', header: t('spray.verified_by'), cell: (mix) => mix.verified_by ?? NO_DATA },
    { id: 'why', header: t('spray.why'), cell: (mix) => <Said of={mix.reason} otherwise={NO_DATA} /> },
    {
      id: 'act',
      header: t('spray.act'),
      cell: (mix) => may && mix.state !== 'disposed' && <Button onPress={() => onChoose(mix.lot_id)}>{t('spray.choose')}</Button>,
    },
  ];
  return <DataTable label={t('spray.glue')} columns={columns} rows={mixes} rowKey={(mix) => mix.lot_id} />;
}

/** What is left of a pot's life as bar and text, on plant time. */
function Life({ mix }: { mix: GlueMix }) {
  const { t, duration } = useI18n();
  const now = usePlantInstant();
  if (now === null || mix.state === 'disposed') return <span>{NO_DATA}</span>;
  const from = Date.parse(mix.mixed_at);
  const to = Date.parse(mix.expires_at);
  const left = (to - now.plantMs) / 1_000;
  const text = left > 0 ? t('spray.life_left', { time: duration(left) }) : t('spray.life_over', { time: duration(-left) });
  return (
    <div className="glue-life">
      <ProgressBar ratio={(now.plantMs - from) / Math.max(1, to - from)} label={t('spray.life')} text={text} />
    </div>
  );
}

function MixForm({ mix, onDone }: { mix: GlueMix; onDone(): void }) {
  const { t } = useI18n();
  const [viscosity, setViscosity] = useState('');
  const [conductivity, setConductivity] = useState('');
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [reason, setReason] = useState('');
  const { check, dispose, mutation } = useMixChange(mix.lot_id, onDone);
  const alive = mix.state === 'weighed' || mix.state === 'usable';
  return (
    <div className="glue-forms">
      {alive && (
        <form
          className="glue-form"
          onSubmit={(event) => {
            event.preventDefault();
            check(checkOf(viscosity, conductivity, login, password));
          }}
        >
          <h3>{t('spray.verify', { lot: mix.lot_id })}</h3>
          <TextField label={t('spray.viscosity')} value={viscosity} onChange={setViscosity} />
          <TextField label={t('spray.conductivity')} value={conductivity} onChange={setConductivity} />
          <TextField label={t('spray.second_login')} value={login} onChange={setLogin} />
          <TextField label={t('spray.second_password')} value={password} onChange={setPassword} secret />
          <SubmitButton busy={mutation.isPending}>{t('spray.sign')}</SubmitButton>
        </form>
      )}
      <form
        className="glue-form"
        onSubmit={(event) => {
          event.preventDefault();
          dispose(reason);
        }}
      >
        <h3>{t('spray.dispose', { lot: mix.lot_id })}</h3>
        <TextField label={t('spray.reason')} value={reason} onChange={setReason} />
        <SubmitButton busy={mutation.isPending}>{t('spray.dispose_now')}</SubmitButton>
      </form>
      <Refusal error={mutation.error} />
    </div>
  );
}

/** What was entered; a field left empty is not sent, and without a second person who is signed in signs. */
function checkOf(viscosity: string, conductivity: string, login: string, password: string): MixCheck {
  const entered = (text: string) => Number(text.replace(',', '.'));
  return {
    ...(viscosity !== '' && { viscosity_mpas: entered(viscosity) }),
    ...(conductivity !== '' && { conductivity_s_per_cm: entered(conductivity) }),
    ...(login !== '' && { second: { login, password } }),
  };
}
