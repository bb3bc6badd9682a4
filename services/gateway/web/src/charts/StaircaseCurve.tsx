import uPlot from 'uplot';
import type { Ccd, Curve } from '../api/types';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 320;
const STEPPED = uPlot.paths.stepped?.({ align: 1 });

interface StaircaseCurveProps {
  curve: Curve;
  /** What the currents are divided by, in cm². */
  areaCm2: number;
  ccd: Ccd;
}

/**
 * The levels of a staircase over time, without their direction, which the voltage shows; the highest level that was
 * survived and the first that was not are lines, and the critical current density lies between them.
 */
export default function StaircaseCurve({ curve, areaCm2, ccd }: StaircaseCurveProps) {
  const { t, fixed } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
      const level = (value: number | null) => curve.time_s.map(() => value);
      return {
        axes: [
          { ...axis, label: t('formation.time') },
          { ...axis, scale: 'j', label: t('ccd.density') },
          { ...axis, scale: 'v', side: 1, label: t('formation.voltage'), grid: { show: false } },
        ],
        series: [
          { label: t('formation.time'), value: reading },
          { label: t('ccd.density'), scale: 'j', stroke: palette.first, width: 2, value: reading, ...(STEPPED && { paths: STEPPED }) },
          { label: t('formation.voltage'), scale: 'v', stroke: palette.second, width: 1.5, dash: [6, 4], value: reading },
          { label: t('ccd.survived'), scale: 'j', stroke: palette.text, width: 1.5, points: { show: false }, value: reading },
          { label: t('ccd.failed'), scale: 'j', stroke: palette.warn, width: 1.5, dash: [2, 4], points: { show: false }, value: reading },
        ],
        data: [
          curve.time_s.map((second) => second / SECONDS_PER_HOUR),
          curve.current_ma.map((current) => Math.abs(current) / areaCm2),
          curve.voltage_v,
          level(ccd.survived_ma_per_cm2),
          level(ccd.failed_ma_per_cm2),
        ],
      };
    },
    [curve, areaCm2, ccd, t, fixed],
  );
  return <div ref={host} className="formation-curve" role="img" aria-label={t('ccd.chart')} />;
}
