import type { ValueQuality } from '../api/types';
import { NO_DATA, unitLabel } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './Measure.css';

interface MeasureProps {
  value: number | null;
  unit: string;
  quality?: ValueQuality;
  /** True for a value that moves on: it is struck while the link is not live. A record of the past is not. */
  live?: boolean;
}

/** A number with its unit. No number is a dash, never 0; a bad one is the last good one with "?". */
export function Measure({ value, unit, quality = 'good', live = false }: MeasureProps) {
  const { t, number } = useI18n();
  if (value === null) return <span title={t('data.missing')}>{NO_DATA}</span>;
  const hint = quality === 'bad' ? t('data.bad_quality') : quality === 'stale' ? t('data.stale_quality') : undefined;
  return (
    <span className={`measure measure-${quality}`} title={hint}>
      {quality === 'bad' && <span aria-label={hint}>? </span>}
      <span className={live ? 'measure-number live-value' : 'measure-number'}>{number(value)}</span>
      {`\u00a0${unitLabel(unit)}`}
    </span>
  );
}
