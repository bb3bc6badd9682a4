import type uPlot from 'uplot';
import type { FaceTrace, Side } from '../api/spray';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { useTimePlot } from './useTimePlot';

const HEIGHT = 280;

interface TraceCurveProps {
  trace: FaceTrace;
  signal: string;
  label: string;
  face: Side;
}

/** Least and most of one signal over the spray, so that no arc is lost between points, with its band. */
export default function TraceCurve({ trace, signal, label, face }: TraceCurveProps) {
  const { t, number } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const found = trace.signals[signal];
      if (found === undefined) return null;
      const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : number(reading));
      const bands = trace.limits?.bands ?? [];
      // The band of the longest part: limits list the rise first, the settled spray last.
      const band = bands.filter((one) => one.signal === signal && (one.face === null || one.face === face)).at(-1);
      const edges = band === undefined ? [] : [band.high, band.low];
      const edgeLabels = [t('spray.band_high'), t('spray.band_low')];
      return {
        axes: [
          { ...axis, label: t('spray.time') },
          { ...axis, label, size: 70 },
        ],
        series: [
          { label: t('spray.time'), value },
          { label: t('spray.most'), stroke: palette.first, width: 1.5, value },
          { label: t('spray.least'), stroke: palette.first, width: 1.5, value },
          ...edges.map((_, index) => ({ label: edgeLabels[index], stroke: palette.second, width: 1.5, dash: [6, 4], value })),
        ],
        bands: [{ series: [1, 2], fill: palette.selected }],
        data: [trace.time_s, found.high, found.low, ...edges.map((edge) => trace.time_s.map(() => edge))],
      };
    },
    [trace, signal, label, face, t, number],
  );
  return <div ref={host} role="img" aria-label={label} />;
}
