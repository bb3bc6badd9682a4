/** Signals over plant time, as the historian keeps them. */
import { useQuery } from '@tanstack/react-query';
import { getJson } from './http';

const REFRESH_MS = 10_000;
/** Four to a pixel of the widest chart, so that no peak of one sample is lost. */
const POINTS = 2_000;

/** A point without a value is a gap. */
export interface SeriesPage {
  signal: string;
  unit: string;
  points: { at: string; value: number | null }[];
}

interface Asked {
  equipmentId: string;
  signal: string;
  from?: string;
  points: number;
}

export function readSeries({ equipmentId, signal, from, points }: Asked, abort: AbortSignal): Promise<SeriesPage> {
  const query = new URLSearchParams({ equipment_id: equipmentId, signal, points: String(points) });
  if (from !== undefined) query.set('from', from);
  return getJson<SeriesPage>(`/api/historian/series?${query.toString()}`, abort);
}

/** The signals of one station over the last day, in their order. */
export const useLastDay = (equipmentId: string, signals: readonly string[]) =>
  useQuery({
    queryKey: ['last-day', equipmentId, ...signals],
    queryFn: ({ signal: abort }) =>
      Promise.all(signals.map((signal) => readSeries({ equipmentId, signal, points: POINTS }, abort))),
    refetchInterval: REFRESH_MS,
  });
