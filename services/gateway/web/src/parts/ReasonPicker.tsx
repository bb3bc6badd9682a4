import { DOWNTIME_REASONS, useDowntimeReason } from '../api/losses';
import { useI18n } from '../i18n/I18nProvider';
import { Refusal } from './Refusal';
import { Button } from '../ui/Button';
import { Mark } from '../ui/Mark';
import './ReasonPicker.css';

interface ReasonPickerProps {
  equipmentId: string;
  /** When the stop began; null: the newest stop of the station. */
  begunAt: string | null;
}

/** Asks why a station stopped: one tap on a reason, pending until the gateway has it. */
export function ReasonPicker({ equipmentId, begunAt }: ReasonPickerProps) {
  const { t, word } = useI18n();
  const { give, mutation } = useDowntimeReason(equipmentId, begunAt);
  return (
    <div className="reason-picker" role="group" aria-label={t('losses.why', { station: equipmentId })}>
      {DOWNTIME_REASONS.map((reason) => (
        <Button key={reason} busy={mutation.isPending} onPress={() => give(reason)}>
          {word('downtime_reason', reason)}
        </Button>
      ))}
      {mutation.isSuccess && mutation.variables !== undefined && (
        <span role="status">
          <Mark kind="good" /> {t('losses.given', { reason: word('downtime_reason', mutation.variables.reason) })}
        </span>
      )}
      <Refusal error={mutation.error} text={(reason) => t('losses.not_given', { reason })} />
    </div>
  );
}
