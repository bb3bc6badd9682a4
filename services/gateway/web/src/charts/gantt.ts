/** Where the bars of a furnace plan lie in time; drawn by GanttChart, and tested without it. */
import type { Furnace, FurnaceLoad } from '../api/furnaces';

const HOUR_MS = 3_600_000;
const BEFORE_MS = 24 * HOUR_MS;
const LEAST_AHEAD_MS = 24 * HOUR_MS;

export type BarKind = 'planned' | 'running' | 'done' | 'deviating' | 'late';

export interface Bar {
  id: string | null;
  row: number;
  fromMs: number;
  toMs: number;
  label: string;
  kind: BarKind;
}

/** The bars of all furnaces: what ran, what runs and what is planned, as of `nowMs`. */
export function barsOf(furnaces: readonly Furnace[], loads: readonly FurnaceLoad[], nowMs: number): Bar[] {
  const rowOf = new Map(furnaces.map((furnace, row) => [furnace.equipment_id, row]));
  const ran = loads.flatMap((load) => {
    const row = rowOf.get(load.equipment_id);
    return row === undefined ? [] : [barOfLoad(load, row, nowMs)];
  });
  const planned = furnaces.flatMap((furnace, row) =>
    furnace.planned.flatMap((load): Bar[] =>
      load.start_at === null || load.end_at === null
        ? []
        : [{ id: null, row, fromMs: Date.parse(load.start_at), toMs: Date.parse(load.end_at), label: load.recipe, kind: 'planned' }],
    ),
  );
  return [...ran, ...planned];
}

/** The seconds that a load is behind its plan; 0 while it keeps it. */
export function latenessS(load: FurnaceLoad, nowMs: number): number {
  const plannedMs = Date.parse(load.planned_end_at);
  const endMs = load.ended_at === null ? nowMs : Date.parse(load.ended_at);
  return Math.max(0, (endMs - plannedMs) / 1_000);
}

/** From a day back, or the first bar after that, to the last bar and at least a day ahead. */
export function windowOf(bars: readonly Bar[], nowMs: number): { fromMs: number; toMs: number } {
  const first = Math.min(nowMs, ...bars.map((bar) => bar.fromMs));
  const last = Math.max(nowMs + LEAST_AHEAD_MS, ...bars.map((bar) => bar.toMs));
  return { fromMs: Math.max(first, nowMs - BEFORE_MS), toMs: last };
}

function barOfLoad(load: FurnaceLoad, row: number, nowMs: number): Bar {
  const fromMs = Date.parse(load.started_at ?? load.planned_start_at);
  const plannedMs = Date.parse(load.planned_end_at);
  const toMs = load.ended_at === null ? Math.max(plannedMs, nowMs) : Date.parse(load.ended_at);
  return { id: load.furnace_load_id, row, fromMs, toMs, label: load.recipe_id, kind: kindOf(load, nowMs) };
}

function kindOf(load: FurnaceLoad, nowMs: number): BarKind {
  if (load.ended_at !== null) {
    const clean = load.state === 'ended' && load.deviation_count === 0 && load.unknown_reason === null;
    return clean ? 'done' : 'deviating';
  }
  if (load.started_at === null) return 'planned';
  return latenessS(load, nowMs) > 0 ? 'late' : 'running';
}
