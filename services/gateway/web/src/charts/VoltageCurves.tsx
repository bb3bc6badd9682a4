import uPlot from 'uplot';
import type { Curve } from '../api/types';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import { MOST_SERIES } from './palette';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 360;
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

export interface NamedCurve {
  name: string;
  curve: Curve;
}

/** The voltages of several cells over the time of each; an empty place keeps colour and dash of the others. */
export default function VoltageCurves({ curves }: { curves: readonly (NamedCurve | null)[] }) {
  const { t, fixed } = useI18n();
  const drawn = curves.flatMap((each, place) => (each === null || place >= MOST_SERIES ? [] : [{ ...each, place }]));
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
      const tables = drawn.map(({ curve }): uPlot.AlignedData => [
        curve.time_s.map((second) => second / SECONDS_PER_HOUR),
        curve.voltage_v,
      ]);
      return {
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
        data: uPlot.join(tables),
      };
    },
    [curves, t, fixed],
  );
  return (
    <div ref={host} className="formation-curve" role="img" aria-label={t('compare.curves', { count: drawn.length })} />
  );
}
