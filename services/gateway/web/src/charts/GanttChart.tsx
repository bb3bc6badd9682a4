import { useMemo, useRef } from 'react';
import { useI18n } from '../i18n/I18nProvider';
import { EChart } from './EChart';
import { windowOf, type Bar, type BarKind } from './gantt';
import { usePalette, type Palette } from './palette';
import { useWidth } from './useWidth';

const ROW_PX = 56;
const BAR_SHARE = 0.6;
const MARGIN = { left: 120, right: 24, top: 32, bottom: 32 };
const NARROWEST_LABEL_PX = 60;

interface GanttChartProps {
  rows: readonly string[];
  bars: readonly Bar[];
  nowMs: number;
  onTap(id: string): void;
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
}

/** One row for each furnace, a bar for each load, a line for now. Tap a load to see it. */
export default function GanttChart({ rows, bars, nowMs, onTap }: GanttChartProps) {
  const { t, dateTime } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const height = rows.length * ROW_PX + MARGIN.top + MARGIN.bottom;

  const option = useMemo(() => {
    const { fromMs, toMs } = windowOf(bars, nowMs);
    const text = { color: palette.text, fontFamily: palette.font };
    return {
      animation: false,
      grid: { ...MARGIN, outerBoundsMode: 'none' },
      xAxis: {
        type: 'time',
        min: fromMs,
        max: toMs,
        position: 'bottom',
        axisLabel: { ...text, hideOverlap: true },
        axisLine: { lineStyle: { color: palette.line } },
        splitLine: { show: true, lineStyle: { color: palette.grid } },
      },
      yAxis: { type: 'category', inverse: true, data: [...rows], axisLabel: text, axisTick: { show: false } },
      tooltip: {
        trigger: 'item',
        triggerOn: 'mousemove|click',
        confine: true,
        backgroundColor: palette.raised,
        textStyle: text,
        formatter: ({ data }: { data: { bar: Bar } }) =>
          `${data.bar.label} – ${t(`furnace.kind.${data.bar.kind}`)}<br>${dateTime(data.bar.fromMs)} – ${dateTime(data.bar.toMs)}`,
      },
      series: [
        {
          type: 'custom',
          clip: true,
          renderItem: (_: unknown, api: CustomApi) => drawn(bars[api.value(3)], api, palette),
          encode: { x: [1, 2], y: 0 },
          data: bars.map((bar, index) => ({ id: bar.id ?? '', bar, value: [bar.row, bar.fromMs, bar.toMs, index] })),
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: palette.text, width: 2, type: 'solid' },
            label: { ...text, formatter: t('furnace.now'), position: 'start', distance: 6 },
            data: [{ xAxis: nowMs }],
          },
        },
      ],
    };
  }, [rows, bars, nowMs, palette, t, dateTime]);

  return (
    <div ref={host}>
      {width > 0 && <EChart label={t('furnace.plan')} width={width} height={height} option={option} onTap={(id) => id !== '' && onTap(id)} />}
    </div>
  );
}

/** Fill and edge of a bar: colour only for what is not as it should be. */
function lookOf(kind: BarKind, palette: Palette) {
  const edges: Record<BarKind, object> = {
    planned: { fill: 'transparent', stroke: palette.line, lineDash: [5, 3] },
    running: { fill: palette.selected, stroke: palette.text },
    done: { fill: palette.grid, stroke: palette.line },
    deviating: { fill: palette.warn, stroke: palette.text },
    late: { fill: palette.warn, stroke: palette.text, lineDash: [2, 2] },
  };
  return { lineWidth: 1.5, ...edges[kind] };
}

function drawn(bar: Bar | undefined, api: CustomApi, palette: Palette) {
  if (bar === undefined) return null;
  const [x, y] = api.coord([bar.fromMs, bar.row]);
  const [end] = api.coord([bar.toMs, bar.row]);
  const width = Math.max(2, end - x);
  const height = ROW_PX * BAR_SHARE;
  const shape = { x, y: y - height / 2, width, height };
  const fill = bar.kind === 'late' || bar.kind === 'deviating' ? palette.warnInk : palette.text;
  const label = { text: bar.label, fill, font: `12px ${palette.font}`, width: width - 8, overflow: 'truncate' };
  return {
    type: 'rect',
    shape,
    style: lookOf(bar.kind, palette),
    textContent: width < NARROWEST_LABEL_PX ? undefined : { type: 'text', style: label },
    textConfig: { position: 'inside' },
  };
}
