import { useEffect, useRef, type RefObject } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useI18n } from '../i18n/I18nProvider';
import { usePalette, type Palette } from './palette';
import './TimePlot.css';
import { useWidth } from './useWidth';

export const SECONDS_PER_HOUR = 3_600;
/** Of the axis below, which needs less than one at the side: one line of numbers and its name. */
const TIME_AXIS: uPlot.Axis = { size: 32, labelSize: 24, labelGap: 0 };

/** What a curve is drawn with: the page's colours, and an axis in them whose numbers are written as the language does. */
export interface Pen {
  palette: Palette;
  axis: uPlot.Axis;
}

export interface Drawing extends Pick<uPlot.Options, 'axes' | 'series' | 'scales' | 'bands' | 'hooks'> {
  data: uPlot.AlignedData;
}

/**
 * Curves over time in an element of their own, drawn again when the inputs, the width, the colours or the language change.
 * `draw` gives null while there is nothing to draw.
 */
export function useTimePlot(
  height: number,
  draw: (pen: Pen) => Drawing | null,
  inputs: readonly unknown[],
): RefObject<HTMLDivElement | null> {
  const { number } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  useEffect(() => {
    if (host.current === null || width === 0) return undefined;
    const font = `12px ${palette.font}`;
    const axis: uPlot.Axis = {
      stroke: palette.text,
      font,
      labelFont: font,
      ticks: { stroke: palette.line, width: 1 },
      grid: { stroke: palette.grid, width: 1 },
      // A logarithmic scale leaves places without a number.
      values: (_, values: (number | null)[]) => values.map((value) => (value === null ? '' : number(value))),
    };
    const drawing = draw({ palette, axis });
    if (drawing === null) return undefined;
    const { data, scales, axes = [], ...rest } = drawing;
    const placed = axes.map((each, index) => (index === 0 ? { ...TIME_AXIS, ...each } : each));
    const still = { cursor: { drag: { x: false, y: false } }, scales: { ...scales, x: { time: false } } };
    const plot = new uPlot({ width, height, ...still, axes: placed, ...rest }, data, host.current);
    return () => plot.destroy();
  }, [...inputs, height, width, palette, number]);

  return host;
}
