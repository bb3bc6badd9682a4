import { useState, type FormEvent, type ReactNode } from 'react';
import { useMark, usePlace } from '../../api/furnacecommands';
import type { FurnaceLoadRecord } from '../../api/furnaces';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { reasonOf } from '../../parts/reason-of';
import { Notice } from '../../ui/Notice';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';

/** Until the run is over: where a part stands. After it: which mark the pellet at a place got. */
export function PlaceEntry({ load }: { load: FurnaceLoadRecord }) {
  const { t } = useI18n();
  if (!useCaller().permissions.includes('operate')) return <p>{t('furnace.may_not_enter')}</p>;
  return load.ended_at === null ? <SeenEntry loadId={load.furnace_load_id} /> : <MarkEntry loadId={load.furnace_load_id} />;
}

function SeenEntry({ loadId }: { loadId: string }) {
  const { t } = useI18n();
  const place = useFields();
  const [lotId, setLotId] = useState('');
  const { mutate, isPending, error } = usePlace(loadId, () => {
    setLotId('');
    place.next();
  });
  const send = () => place.given !== null && lotId.trim() !== '' && mutate({ lot_id: lotId.trim(), ...place.given });
  return (
    <Entry title={t('furnace.seen_title')} button={t('furnace.seen_send')} isBusy={isPending} error={error} onSend={send}>
      <TextField label={t('furnace.scan_lot')} value={lotId} onChange={setLotId} />
      <PlaceFields place={place} />
    </Entry>
  );
}

function MarkEntry({ loadId }: { loadId: string }) {
  const { t } = useI18n();
  const place = useFields();
  const [mark, setMark] = useState('');
  const { mutate, isPending, error } = useMark(loadId, () => {
    setMark('');
    place.next();
  });
  const send = () => place.given !== null && mark.trim() !== '' && mutate({ mark: mark.trim(), ...place.given });
  return (
    <Entry title={t('furnace.mark_title')} button={t('furnace.mark_send')} isBusy={isPending} error={error} onSend={send}>
      <TextField label={t('furnace.scan_mark')} value={mark} onChange={setMark} />
      <PlaceFields place={place} />
    </Entry>
  );
}

interface EntryProps {
  title: string;
  button: string;
  isBusy: boolean;
  error: Error | null;
  onSend(): void;
  children: ReactNode;
}

/** A scanner types into the first field and presses Enter; a refusal stays until the next scan. */
function Entry({ title, button, isBusy, error, onSend, children }: EntryProps) {
  const i18n = useI18n();
  const { t } = i18n;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend();
  };
  return (
    <>
      <h3>{title}</h3>
      <form className="furnace-entry" aria-label={title} onSubmit={submit}>
        {children}
        <SubmitButton busy={isBusy}>{button}</SubmitButton>
      </form>
      {error !== null && (
        <div role="alert">
          <Notice mark="bad">{t('furnace.not_taken', { reason: reasonOf(error, i18n) })}</Notice>
        </div>
      )}
    </>
  );
}

interface Fields {
  tray: string;
  position: string;
  setTray(value: string): void;
  setPosition(value: string): void;
  /** Both as whole numbers from 1 on; null while one is none. */
  given: { tray: number; position: number } | null;
  /** One position on, for the next scan. */
  next(): void;
}

function useFields(): Fields {
  const [tray, setTray] = useState('1');
  const [position, setPosition] = useState('1');
  const whole = (text: string) => (/^[1-9]\d{0,3}$/.test(text.trim()) ? Number(text) : null);
  const [onTray, at] = [whole(tray), whole(position)];
  return {
    tray,
    position,
    setTray,
    setPosition,
    given: onTray === null || at === null ? null : { tray: onTray, position: at },
    next: () => at !== null && setPosition(String(at + 1)),
  };
}

function PlaceFields({ place }: { place: Fields }) {
  const { t } = useI18n();
  return (
    <>
      <TextField label={t('furnace.tray')} value={place.tray} onChange={place.setTray} />
      <TextField label={t('furnace.position')} value={place.position} onChange={place.setPosition} />
    </>
  );
}
