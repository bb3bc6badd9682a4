import { useEffect, useRef } from 'react';
import { init, type EChartsCoreOption, type EChartsType } from './echarts';

interface EChartProps {
  label: string;
  width: number;
  height: number;
  option: EChartsCoreOption;
  /** Called with the `id` of a tapped item. */
  onTap?(id: string): void;
  /** Called after each drawing. */
  onDrawn?(chart: EChartsType, element: HTMLElement): void;
}

/** One ECharts canvas of a given size in px. */
export function EChart({ label, width, height, option, onTap, onDrawn }: EChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);

  useEffect(() => {
    if (host.current === null) return undefined;
    chart.current = init(host.current);
    return () => chart.current?.dispose();
  }, []);

  useEffect(() => {
    const element = host.current;
    if (chart.current === null || element === null) return;
    chart.current.resize({ width, height });
    chart.current.setOption(option, { notMerge: true });
    onDrawn?.(chart.current, element);
  }, [width, height, option, onDrawn]);

  useEffect(() => {
    if (chart.current === null || onTap === undefined) return undefined;
    const tapped = (item: { data?: unknown }) => {
      const { data } = item;
      if (typeof data === 'object' && data !== null && 'id' in data) onTap(String(data.id));
    };
    const current = chart.current;
    current.on('click', tapped);
    return () => void current.off('click', tapped);
  }, [onTap]);

  return <div ref={host} role="img" aria-label={label} style={{ width, height }} />;
}
