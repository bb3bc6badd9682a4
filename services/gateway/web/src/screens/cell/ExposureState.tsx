import type { Exposure } from '../../api/types';
import { useI18n } from '../../i18n/I18nProvider';
import { Measure } from '../../parts/Measure';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { Facts } from '../../ui/Facts';
import type { MarkKind } from '../../ui/Mark';
import { ProgressBar } from '../../ui/ProgressBar';

const MARKS: Record<Exposure['state'], MarkKind> = {
  within: 'good',
  near: 'near',
  over: 'bad',
  unknown: 'unknown',
};

/** Time in the open and dose against their budget. Unknown is a state of its own: it never counts as good. */
export function ExposureState({ exposure, readAt }: { exposure: Exposure | null; readAt: number }) {
  const { t, word, number } = useI18n();
  if (exposure === null) return <None readAt={readAt} />;
  const { state, minutes, budget_minutes: budget, dose_ppm_h: dose, reason } = exposure;
  return (
    <div className="exposure">
      <strong>
        <Badge mark={MARKS[state]}>{word('exposure_state', state)}</Badge>
      </strong>
      {reason !== null && <p>{reason}</p>}
      {minutes !== null && (
        <ProgressBar
          ratio={minutes / budget}
          label={t('exposure.minutes')}
          text={t('exposure.budget', { minutes: number(minutes), budget: number(budget) })}
        />
      )}
      <Facts
        facts={[
          { name: t('exposure.minutes'), value: <Measure value={minutes} unit="min" live /> },
          { name: t('exposure.dose'), value: <Measure value={dose} unit="ppm_h" live /> },
        ]}
      />
    </div>
  );
}
