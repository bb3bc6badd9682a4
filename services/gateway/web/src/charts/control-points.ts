/** What is drawn of a control chart's series: values, the limits each was held against, and those that are no chance. */
import type { ChartPage, ChartPoint } from '../api/quality';

export interface DrawnPoint {
  number: number;
  value: number;
  centre: number | null;
  low: number | null;
  high: number | null;
  rules: readonly string[];
  lotId: string;
}

/** A point before frozen limits is the mean of its values. */
export function shownValue({ body, values }: ChartPoint): number {
  return body?.value ?? values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** The lower CUSUM is drawn downwards, so that both sums stand in one plot. */
export function drawn(page: ChartPage): DrawnPoint[] {
  return page.points.map((point) => ({
    number: point.number,
    value: shownValue(point),
    centre: point.body?.centre ?? null,
    low: page.kind === 'cusum' && point.body !== null ? -point.body.high : (point.body?.low ?? null),
    high: point.body?.high ?? null,
    rules: point.rules ?? [],
    lotId: point.lot_id,
  }));
}

/** Lower sums of a CUSUM, negative; nothing for any other chart. */
export function lowSums(page: ChartPage): [number, number][] {
  return page.points.flatMap(({ number, body }) =>
    body === null || body.low_sum === null ? [] : [[number, -body.low_sum] as [number, number]],
  );
}
