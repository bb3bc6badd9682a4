import { useState, type FormEvent } from 'react';
import { useSodiumChange, type Sodium, type SodiumScrap } from '../../api/stacks';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { reasonOf } from '../../parts/reason-of';
import { Notice } from '../../ui/Notice';
import { Select } from '../../ui/Select';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';

/** A lot is put into a place, sodium is proposed for scrap, and a second person confirms it. */
export function SodiumForms({ sodium }: { sodium: Sodium }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { name, permissions } = useCaller();
  const act = useSodiumChange(name);
  const [lotId, setLotId] = useState('');
  if (!permissions.includes('operate')) return <Notice mark="held">{t('sodium.may_not')}</Notice>;
  const busy = act.mutation.isPending;
  const waiting = sodium.scraps.filter((scrap) => scrap.confirmed_by === null);
  return (
    <>
      <TextField label={t('sodium.lot')} value={lotId} onChange={setLotId} />
      <MoveForm sodium={sodium} busy={busy} onMove={(placeId) => act.move(lotId.trim(), placeId)} />
      <ScrapForm busy={busy} onPropose={(quantity, reason) => act.propose(lotId.trim(), quantity, reason)} />
      {waiting.map((scrap) => (
        <ConfirmForm key={scrap.scrap_id} scrap={scrap} busy={busy} onConfirm={act.confirm} />
      ))}
      {act.mutation.error !== null && (
        <div role="alert">
          <Notice mark="bad">{t('sodium.refused', { reason: reasonOf(act.mutation.error, i18n) })}</Notice>
        </div>
      )}
    </>
  );
}

function MoveForm({ sodium, busy, onMove }: { sodium: Sodium; busy: boolean; onMove(placeId: string): void }) {
  const { t } = useI18n();
  const [placeId, setPlaceId] = useState('');
  const chosen = placeId === '' ? sodium.places[0]?.place_id : placeId;
  if (chosen === undefined) return null;
  return (
    <form className="sodium-form" onSubmit={(event) => submitted(event, () => onMove(chosen))}>
      <Select
        label={t('sodium.place')}
        value={chosen}
        options={sodium.places.map(({ place_id: id }) => ({ value: id, label: id }))}
        onChange={setPlaceId}
      />
      <SubmitButton busy={busy}>{t('sodium.move')}</SubmitButton>
    </form>
  );
}

function ScrapForm({ busy, onPropose }: { busy: boolean; onPropose(quantity: number, reason: string): void }) {
  const { t } = useI18n();
  const [quantity, setQuantity] = useState('');
  const [reason, setReason] = useState('');
  const propose = () => onPropose(Number(quantity.replace(',', '.')), reason);
  return (
    <form className="sodium-form" onSubmit={(event) => submitted(event, propose)}>
      <TextField label={t('sodium.quantity')} value={quantity} onChange={setQuantity} />
      <TextField label={t('spray.reason')} value={reason} onChange={setReason} />
      <SubmitButton busy={busy}>{t('sodium.propose')}</SubmitButton>
    </form>
  );
}

interface ConfirmFormProps {
  scrap: SodiumScrap;
  busy: boolean;
  onConfirm(scrapId: string, login: string, password: string): void;
}

function ConfirmForm({ scrap, busy, onConfirm }: ConfirmFormProps) {
  const { t, number } = useI18n();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const said = { lot: scrap.lot_id, quantity: number(scrap.quantity), person: scrap.person, reason: scrap.reason };
  const confirm = () => {
    onConfirm(scrap.scrap_id, login, password);
    setPassword('');
  };
  return (
    <form className="sodium-form" onSubmit={(event) => submitted(event, confirm)}>
      <p>{t('sodium.waits', said)}</p>
      <TextField label={t('spray.second_login')} value={login} onChange={setLogin} />
      <TextField label={t('spray.second_password')} value={password} onChange={setPassword} secret />
      <SubmitButton busy={busy}>{t('sodium.confirm')}</SubmitButton>
    </form>
  );
}

function submitted(event: FormEvent, then: () => void) {
  event.preventDefault();
  then();
}
