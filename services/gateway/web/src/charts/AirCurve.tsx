import uPlot from 'uplot';
import type { SeriesPage } from '../api/series';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { useTimePlot } from './useTimePlot';

const HEIGHT = 200;
const MS_PER_HOUR = 3_600_000;
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];

interface AirCurveProps {
  label: string;
  sensors: readonly SeriesPage[];
  /** The instant in ms that hours are counted back from. */
  endMs: number;
}

/** Sensors of one kind over the hours before now; where one said nothing its line is broken. */
export default function AirCurve({ label, sensors, endMs }: AirCurveProps) {
  const { t, number, word } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : number(reading));
      const tables = sensors.map(({ points }): uPlot.AlignedData => [
        points.map(({ at }) => (Date.parse(at) - endMs) / MS_PER_HOUR),
        points.map(({ value: reading }) => reading),
      ]);
      return {
        axes: [
          { ...axis, label: t('station.hours') },
          { ...axis, label, size: 70 },
        ],
        series: [
          { label: t('station.hours'), value },
          ...sensors.map(({ signal }, index) => ({
            label: word('signal', signal),
            stroke: palette.series[index] ?? palette.text,
            dash: DASHES[index % DASHES.length] ?? [],
            width: 2,
            value,
          })),
        ],
        data: uPlot.join(tables),
      };
    },
    [sensors, endMs, label, t, number, word],
  );
  return <div ref={host} role="img" aria-label={label} />;
}
