import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Curve } from '../api/types';
import { NO_DATA, unitLabel } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 320;
const SECONDS_PER_HOUR = 3_600;
const MILLIAMPERES = 1_000;
/** Below this the largest current is written in mA: a coin cell runs on fractions of one. */
const SMALLEST_MILLIAMPERES = 100;

/** Voltage (full line, left axis) and current (dashed, right axis) over time. */
export default function FormationCurve({ curve }: { curve: Curve }) {
  const { t, number, fixed } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  useEffect(() => {
    if (host.current === null || width === 0) return undefined;
    const font = `12px ${palette.font}`;
    const axis = { stroke: palette.text, font, labelFont: font, ticks: { stroke: palette.line, width: 1 } };
    const ticks = (_: uPlot, values: number[]) => values.map((value) => number(value));
    const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
    const milli = curve.current_ma.every((current) => Math.abs(current) < SMALLEST_MILLIAMPERES);
    const current = milli ? curve.current_ma : curve.current_ma.map((each) => each / MILLIAMPERES);
    const currentText = t('formation.current', { unit: unitLabel(milli ? 'ma' : 'a') });
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: t('formation.time'), values: ticks, grid: { stroke: palette.grid, width: 1 } },
          { ...axis, scale: 'v', label: t('formation.voltage'), values: ticks, grid: { stroke: palette.grid, width: 1 } },
          { ...axis, scale: 'a', side: 1, label: currentText, values: ticks, grid: { show: false } },
        ],
        series: [
          { label: t('formation.time'), value: reading },
          { label: t('formation.voltage'), scale: 'v', stroke: palette.first, width: 2, value: reading },
          { label: currentText, scale: 'a', stroke: palette.second, width: 1.5, dash: [6, 4], value: reading },
        ],
      },
      [curve.time_s.map((second) => second / SECONDS_PER_HOUR), curve.voltage_v, current],
      host.current,
    );
    return () => plot.destroy();
  }, [curve, width, palette, t, number, fixed]);

  return <div ref={host} className="formation-curve" role="img" aria-label={t('formation.curve')} />;
}
