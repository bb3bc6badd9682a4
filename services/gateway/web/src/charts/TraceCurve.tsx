import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { FaceTrace, Side } from '../api/spray';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

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
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  useEffect(() => {
    const found = trace.signals[signal];
    if (host.current === null || width === 0 || found === undefined) return undefined;
    const font = `12px ${palette.font}`;
    const axis = {
      stroke: palette.text,
      font,
      labelFont: font,
      ticks: { stroke: palette.line, width: 1 },
      grid: { stroke: palette.grid, width: 1 },
      values: (_: uPlot, values: number[]) => values.map((value) => number(value)),
    };
    const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : number(reading));
    const bands = trace.limits?.bands ?? [];
    // The band of the longest part: limits list the rise first, the settled spray last.
    const band = bands.filter((one) => one.signal === signal && (one.face === null || one.face === face)).at(-1);
    const edges = band === undefined ? [] : [band.high, band.low];
    const edgeLabels = [t('spray.band_high'), t('spray.band_low')];
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false } },
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
      },
      [trace.time_s, found.high, found.low, ...edges.map((edge) => trace.time_s.map(() => edge))],
      host.current,
    );
    return () => plot.destroy();
  }, [trace, signal, label, face, width, palette, t, number]);

  return <div ref={host} role="img" aria-label={label} />;
}
