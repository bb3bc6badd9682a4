import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Curve } from '../api/types';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import { MOST_SERIES, usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 360;
const SECONDS_PER_HOUR = 3_600;
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

export interface NamedCurve {
  name: string;
  curve: Curve;
}

/** The voltages of several cells over the time of each; an empty place keeps colour and dash of the others. */
export default function VoltageCurves({ curves }: { curves: readonly (NamedCurve | null)[] }) {
  const { t, number, fixed } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const drawn = curves.flatMap((each, place) => (each === null || place >= MOST_SERIES ? [] : [{ ...each, place }]));

  useEffect(() => {
    if (host.current === null || width === 0) return undefined;
    const font = `12px ${palette.font}`;
    const axis = {
      stroke: palette.text,
      font,
      labelFont: font,
      ticks: { stroke: palette.line, width: 1 },
      grid: { stroke: palette.grid, width: 1 },
      values: (_: uPlot, values: number[]) => values.map((value) => number(value)),
    };
    const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
    const tables = drawn.map(({ curve }): uPlot.AlignedData => [
      curve.time_s.map((second) => second / SECONDS_PER_HOUR),
      curve.voltage_v,
    ]);
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: t('formation.time') },
          { ...axis, label: t('formation.voltage') },
        ],
        series: [
          { label: t('formation.time'), value: reading },
          ...drawn.map(({ name, place }) => ({
            label: name,
            stroke: palette.series[place] ?? palette.text,
            dash: DASHES[place % DASHES.length] ?? [],
            width: 2,
            spanGaps: true,
            value: reading,
          })),
        ],
      },
      uPlot.join(tables),
      host.current,
    );
    return () => plot.destroy();
  }, [curves, width, palette, t, number, fixed]);

  return (
    <div ref={host} className="formation-curve" role="img" aria-label={t('compare.curves', { count: drawn.length })} />
  );
}
