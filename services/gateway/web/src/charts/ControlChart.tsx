import { useMemo, useRef } from 'react';
import type { ChartPage } from '../api/quality';
import { useI18n } from '../i18n/I18nProvider';
import { drawn, lowSums, type DrawnPoint } from './control-points';
import { EChart } from './EChart';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 340;
const MARGIN = { left: 72, right: 84, top: 20, bottom: 44 };

interface Item {
  value: [number: number, value: number];
  symbol: 'circle' | 'diamond';
  symbolSize: number;
  itemStyle: { color: string };
  point: DrawnPoint;
}

/** Points in order with the limits that each was held against; one that breaks a rule is a larger diamond. */
export default function ControlChart({ page }: { page: ChartPage }) {
  const { t, number } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const points = useMemo(() => drawn(page), [page]);

  const option = useMemo(() => {
    const text = { color: palette.text, fontFamily: palette.font };
    const axis = {
      type: 'value',
      scale: true,
      nameLocation: 'middle',
      nameTextStyle: text,
      axisLine: { lineStyle: { color: palette.line } },
      splitLine: { lineStyle: { color: palette.grid } },
      axisLabel: { ...text, formatter: (value: number) => number(value) },
    };
    const steps = (of: (point: DrawnPoint) => number | null, label: string, kind: 'solid' | 'dashed') => ({
      type: 'line',
      symbol: 'none',
      silent: true,
      lineStyle: { color: palette.second, width: 1.5, type: kind },
      endLabel: { show: true, ...text, formatter: label },
      data: points.flatMap((point) => {
        const value = of(point);
        return value === null ? [] : [[point.number - 0.5, value], [point.number + 0.5, value]];
      }),
    });
    const items: Item[] = points.map((point) => ({
      value: [point.number, point.value],
      symbol: point.rules.length > 0 ? 'diamond' : 'circle',
      symbolSize: point.rules.length > 0 ? 15 : 6,
      itemStyle: { color: point.rules.length > 0 ? palette.warn : palette.first },
      point,
    }));
    const line = { type: 'line', lineStyle: { color: palette.first, width: 1 }, itemStyle: { color: palette.first } };
    return {
      animation: false,
      grid: { ...MARGIN, outerBoundsMode: 'none' },
      xAxis: { ...axis, minInterval: 1, name: t('spc.number'), nameGap: 26 },
      yAxis: axis,
      tooltip: {
        trigger: 'item',
        triggerOn: 'mousemove|click',
        confine: true,
        backgroundColor: palette.raised,
        textStyle: text,
        formatter: ({ data }: { data: Item }) =>
          [
            `${data.point.number}: ${number(data.point.value)}`,
            data.point.lotId,
            ...data.point.rules.map((rule) => t(`spc.rule.${rule as 'limits'}`)),
          ].join('<br>'),
      },
      series: [
        { ...line, symbol: 'none', silent: true, data: lowSums(page) },
        { ...line, symbol: 'none', silent: true, data: items.map(({ value }) => value) },
        { type: 'scatter', data: items },
        steps((point) => point.high, t('spc.ucl'), 'dashed'),
        steps((point) => point.centre, t('spc.cl'), 'solid'),
        steps((point) => point.low, t('spc.lcl'), 'dashed'),
      ],
    };
  }, [points, page, palette, t, number]);

  return (
    <div ref={host}>
      {width > 0 && <EChart label={t('spc.plot')} width={width} height={HEIGHT} option={option} />}
    </div>
  );
}
