import { useMemo, useRef } from 'react';
import type { CureResult } from '../api/spray';
import { useI18n } from '../i18n/I18nProvider';
import { EChart } from './EChart';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 360;
/** About square, so that the line on which both agree rises as it should. */
const WIDEST = 480;
const MARGIN = { left: 64, right: 20, top: 16, bottom: 48 };

const MARGIN_RATIO = 0.05;

interface Point {
  value: [predicted: number, measured: number];
  name: string;
}

interface CureChartProps {
  results: readonly CureResult[];
  /** How far the mean of the newest differences may lie from 0; null while there is no model. */
  driftLimitRatio: number | null;
}

/** Measured over predicted conversion: on the line they agree; the broken lines are the limit of the mean. */
export default function CureChart({ results, driftLimitRatio }: CureChartProps) {
  const { t, percent } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  const option = useMemo(() => {
    const text = { color: palette.text, fontFamily: palette.font };
    const least = Math.min(...results.flatMap((one) => [one.predicted_ratio, one.measured_ratio]));
    const from = Math.max(0, Math.floor((least - MARGIN_RATIO) * 10) / 10);
    const axis = (name: string, nameGap: number) => ({
      type: 'value',
      min: from,
      max: 1,
      name,
      nameLocation: 'middle',
      nameGap,
      nameTextStyle: text,
      axisLabel: { ...text, formatter: (value: number) => percent(value, 0) },
      axisLine: { lineStyle: { color: palette.line } },
      splitLine: { lineStyle: { color: palette.grid } },
    });
    const points = (drifts: boolean): Point[] =>
      results
        .filter((one) => one.drift_raised === drifts)
        .map((one) => ({
          value: [one.predicted_ratio, one.measured_ratio],
          name: `${one.lot_id} ${one.face} · ${t(`spray.${one.method}`)}`,
        }));
    const line = (from: [number, number], to: [number, number], type: 'solid' | 'dashed') => ({
      type: 'line',
      silent: true,
      symbol: 'none',
      tooltip: { show: false },
      lineStyle: { color: palette.line, width: 1.5, type },
      data: [from, to],
    });
    const limit = driftLimitRatio ?? 0;
    const edges =
      limit > 0
        ? [line([from, from + limit], [1 - limit, 1], 'dashed'), line([from + limit, from], [1, 1 - limit], 'dashed')]
        : [];
    return {
      animation: false,
      grid: { ...MARGIN, outerBoundsMode: 'none' },
      xAxis: axis(t('spray.predicted'), 28),
      yAxis: axis(t('spray.measured'), 48),
      tooltip: {
        trigger: 'item',
        triggerOn: 'mousemove|click',
        confine: true,
        backgroundColor: palette.raised,
        textStyle: text,
        formatter: ({ data }: { data: Point }) =>
          `${data.name}<br>${t('spray.predicted')} ${percent(data.value[0], 1)}<br>` +
          `${t('spray.measured')} ${percent(data.value[1], 1)}`,
      },
      series: [
        line([from, from], [1, 1], 'solid'),
        ...edges,
        { type: 'scatter', symbolSize: 9, itemStyle: { color: palette.first }, data: points(false) },
        { type: 'scatter', symbol: 'triangle', symbolSize: 12, itemStyle: { color: palette.warn }, data: points(true) },
      ],
    };
  }, [results, driftLimitRatio, palette, t, percent]);

  return (
    <div ref={host}>
      {width > 0 && <EChart label={t('spray.cure_chart')} width={Math.min(width, WIDEST)} height={HEIGHT} option={option} />}
      <p>{t('spray.cure_key')}</p>
    </div>
  );
}
