import type uPlot from 'uplot';
import type { Curve } from '../api/types';
import { NO_DATA, unitLabel } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 320;
const MILLIAMPERES = 1_000;
/** Below this the largest current is written in mA: a coin cell runs on fractions of one. */
const SMALLEST_MILLIAMPERES = 100;

/** Voltage (full line, left axis) and current (dashed, right axis) over time. */
export default function FormationCurve({ curve }: { curve: Curve }) {
  const { t, fixed } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
      const milli = curve.current_ma.every((current) => Math.abs(current) < SMALLEST_MILLIAMPERES);
      const current = milli ? curve.current_ma : curve.current_ma.map((each) => each / MILLIAMPERES);
      const currentText = t('formation.current', { unit: unitLabel(milli ? 'ma' : 'a') });
      return {
        axes: [
          { ...axis, label: t('formation.time') },
          { ...axis, scale: 'v', label: t('formation.voltage') },
          { ...axis, scale: 'a', side: 1, label: currentText, grid: { show: false } },
        ],
        series: [
          { label: t('formation.time'), value: reading },
          { label: t('formation.voltage'), scale: 'v', stroke: palette.first, width: 2, value: reading },
          { label: currentText, scale: 'a', stroke: palette.second, width: 1.5, dash: [6, 4], value: reading },
        ],
        data: [curve.time_s.map((second) => second / SECONDS_PER_HOUR), curve.voltage_v, current],
      };
    },
    [curve, t, fixed],
  );
  return <div ref={host} className="formation-curve" role="img" aria-label={t('formation.curve')} />;
}
