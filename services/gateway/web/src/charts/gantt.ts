/** Where the bars of a furnace plan lie in time; drawn by GanttChart, and tested without it. */
import type { Furnace, FurnaceLoad, FurnacePlan, PlanLoad } from '../api/furnaces';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const BEFORE_MS = 24 * HOUR_MS;
const LEAST_AHEAD_MS = 24 * HOUR_MS;
const TICK_HOURS = [1, 2, 3, 6, 12, 24, 48, 168, 336];
const MOST_TICKS = 9;
/** Of the whole time: what half a label may take. */
const HALF_LABEL_RATIO = 0.05;
/** Starts that a person chooses are whole quarters of an hour. */
export const SNAP_MS = 15 * MINUTE_MS;
/** A load that ends so little after its plan is on time. */
export const ON_TIME_S = 900;

export type BarKind = 'planned' | 'running' | 'done' | 'deviating' | 'late';

export interface Bar {
  key: string;
  /** The load that ran or runs; null for one that is only planned. */
  loadId: string | null;
  /** The load that is only planned, with the version of the plan that it was seen in. */
  planned: { load: PlanLoad; version: number } | null;
  row: number;
  fromMs: number;
  toMs: number;
  label: string;
  kind: BarKind;
  /** Drawn or, before the end, planned to be drawn; null where the furnace's power is not known. */
  energyKwh: number | null;
  /** After the due time where it is planned, after its plan where it ran. */
  lateS: number;
  pinnedBy: string | null;
}

export interface Span {
  fromMs: number;
  toMs: number;
}

/** The bars of what ran and runs, as of `nowMs`. */
export function barsOfLoads(furnaces: readonly Furnace[], loads: readonly FurnaceLoad[], nowMs: number): Bar[] {
  const rowOf = rowsOf(furnaces);
  return loads.flatMap((load) => {
    const row = rowOf.get(load.equipment_id);
    return row === undefined ? [] : [barOfLoad(load, row, nowMs)];
  });
}

/** The bars of what is only planned; a load whose furnace does not answer has no time and no bar. */
export function barsOfPlan(furnaces: readonly Furnace[], { loads, version }: Pick<FurnacePlan, 'loads' | 'version'>): Bar[] {
  const rowOf = rowsOf(furnaces);
  return loads.flatMap((load): Bar[] => {
    const row = rowOf.get(load.equipment_id);
    if (row === undefined || load.start_at === null || load.end_at === null) return [];
    return [
      {
        key: load.job_order_ids.join(' '),
        loadId: null,
        planned: { load, version },
        row,
        fromMs: Date.parse(load.start_at),
        toMs: Date.parse(load.end_at),
        label: load.recipe,
        kind: 'planned',
        energyKwh: load.energy_kwh,
        lateS: load.late_s,
        pinnedBy: load.pinned_by,
      },
    ];
  });
}

/** The seconds that a load is behind its plan; 0 while it keeps it. */
export function latenessS(load: FurnaceLoad, nowMs: number): number {
  const plannedMs = Date.parse(load.planned_end_at);
  const endMs = load.ended_at === null ? nowMs : Date.parse(load.ended_at);
  return Math.max(0, (endMs - plannedMs) / 1_000);
}

/** From a day back, or the first bar after that, to the last bar and at least a day ahead. */
export function windowOf(bars: readonly Bar[], nowMs: number): Span {
  const first = Math.min(nowMs, ...bars.map((bar) => bar.fromMs));
  const last = Math.max(nowMs + LEAST_AHEAD_MS, ...bars.map((bar) => bar.toMs));
  return { fromMs: Math.max(first, nowMs - BEFORE_MS), toMs: last };
}

/** Instants to label: whole hours or days of the panel's own clock, few enough to read. */
export function ticksOf({ fromMs, toMs }: Span): number[] {
  const hours = TICK_HOURS.find((step) => (toMs - fromMs) / (step * HOUR_MS) <= MOST_TICKS) ?? 672;
  const stepMs = hours * HOUR_MS;
  const zoneMs = new Date(fromMs).getTimezoneOffset() * MINUTE_MS;
  const first = Math.ceil((fromMs - zoneMs) / stepMs) * stepMs + zoneMs;
  return Array.from({ length: Math.max(0, Math.ceil((toMs - first) / stepMs)) }, (_, index) => first + index * stepMs);
}

/** Whether a tick's label, which stands about it, ends before the plan does. */
export const hasLabel = (at: number, { fromMs, toMs }: Span): boolean => toMs - at >= HALF_LABEL_RATIO * (toMs - fromMs);

/** Where a bar would start when it is moved by so much; not before now, and unchanged by less than half a step. */
export function movedStart(bar: Bar, byMs: number, nowMs: number): number {
  if (Math.abs(byMs) < SNAP_MS / 2) return bar.fromMs;
  return Math.max(nowMs, Math.round((bar.fromMs + byMs) / SNAP_MS) * SNAP_MS);
}

function rowsOf(furnaces: readonly Furnace[]): Map<string, number> {
  return new Map(furnaces.map((furnace, row) => [furnace.equipment_id, row]));
}

function barOfLoad(load: FurnaceLoad, row: number, nowMs: number): Bar {
  const fromMs = Date.parse(load.started_at ?? load.planned_start_at);
  const plannedMs = Date.parse(load.planned_end_at);
  const behindS = latenessS(load, nowMs);
  const toMs = load.ended_at === null ? Math.max(plannedMs, nowMs) : Date.parse(load.ended_at);
  return {
    key: load.furnace_load_id,
    loadId: load.furnace_load_id,
    planned: null,
    row,
    fromMs,
    toMs,
    label: load.recipe_id,
    kind: kindOf(load, nowMs),
    energyKwh: load.energy_kwh ?? load.planned_energy_kwh,
    lateS: behindS < ON_TIME_S ? 0 : behindS,
    pinnedBy: null,
  };
}

function kindOf(load: FurnaceLoad, nowMs: number): BarKind {
  if (load.ended_at !== null) {
    const clean = load.state === 'ended' && load.deviation_count === 0 && load.unknown_reason === null;
    return clean ? 'done' : 'deviating';
  }
  if (load.started_at === null) return 'planned';
  return latenessS(load, nowMs) > 0 ? 'late' : 'running';
}
