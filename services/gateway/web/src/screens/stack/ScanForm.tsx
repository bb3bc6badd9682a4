import { useState, type FormEvent } from 'react';
import { useScan, type StackToBuild } from '../../api/stacks';
import { useCaller } from '../../app/session/SessionGate';
import { useI18n } from '../../i18n/I18nProvider';
import { reasonOf } from '../../parts/reason-of';
import { useScanned } from '../../scanner/ScannerProvider';
import { Button } from '../../ui/Button';
import { Notice } from '../../ui/Notice';
import { SubmitButton } from '../../ui/SubmitButton';
import { TextField } from '../../ui/TextField';

/** The scan field: a scanner types the lot and presses Enter. A refusal stays until the next scan. */
export function ScanForm({ stack }: { stack: StackToBuild }) {
  const i18n = useI18n();
  const { t } = i18n;
  const { name, permissions } = useCaller();
  const { scan, take, mutation } = useScan(stack.job_order_id, name);
  const [lotId, setLotId] = useState('');
  const [turned, setTurned] = useState<number | null>(null);
  const { next } = stack;
  const faceUp = next !== null && next.face_up !== null && turned === next.position ? next.face_up : null;
  useScanned((code) => {
    if (stack.needs_scan && next !== null && permissions.includes('operate') && !mutation.isPending) scan(code, faceUp);
  });
  if (!stack.needs_scan) return <p>{t('stack.by_position')}</p>;
  if (next === null) return <p>{t('stack.complete')}</p>;
  const expected = t('stack.expects', { position: next.position, material: next.material_definition_id });
  if (!permissions.includes('operate')) return <Notice mark="held">{t('stack.may_not')}</Notice>;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const given = lotId.trim();
    if (given === '') return;
    scan(given, faceUp);
    setLotId('');
  };
  return (
    <>
      <p>
        <strong>{expected}</strong>
      </p>
      <form className="stack-scan" onSubmit={submit}>
        <TextField label={t('stack.scan')} value={lotId} onChange={setLotId} autoFocus />
        {next.face_up !== null && (
          <label>
            <input
              type="checkbox"
              checked={faceUp !== null}
              onChange={(event) => setTurned(event.currentTarget.checked ? next.position : null)}
            />{' '}
            {t('stack.face_up', { face: next.face_up })}
          </label>
        )}
        <SubmitButton busy={mutation.isPending}>{t('stack.put')}</SubmitButton>
        <Button busy={mutation.isPending} onPress={() => take(next.position, faceUp)}>
          {t('stack.take')}
        </Button>
      </form>
      {mutation.error !== null && (
        <div className="stack-refused" role="alert">
          <Notice mark="bad">{t('stack.refused', { reason: reasonOf(mutation.error, i18n) })}</Notice>
        </div>
      )}
    </>
  );
}
