/** What the sintering service says of furnaces, their plan and their loads, and what each screen asks it. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getJson, postQuestion } from './http';
import { loadKey, PLAN_KEY } from './keys';
import { readSeries, type SeriesPage } from './series';

const REFRESH_MS = 5_000;
const CURVE_POINTS = 1_500;
const AIR = 'air';

export interface FurnaceLoad {
  furnace_load_id: string;
  equipment_id: string;
  recipe_id: string;
  recipe_version: number;
  job_order_ids: string[];
  fill_ratio: number;
  planned_start_at: string;
  planned_end_at: string;
  state: string;
  reason: string | null;
  started_at: string | null;
  ended_at: string | null;
  deviation_count: number | null;
  unknown_reason: string | null;
  parts_count: number;
  planned_energy_kwh: number | null;
  energy_kwh: number | null;
}

/** A planned load; `pin_id` of one that a person pinned. */
export interface PlanLoad {
  recipe: string;
  job_order_ids: string[];
  fill_ratio: number;
  start_at: string | null;
  end_at: string | null;
  equipment_id: string;
  pin_id: string | null;
  pinned_by: string | null;
  energy_kwh: number | null;
  energy_cost: number | null;
  late_s: number;
}

export interface PlanFigures {
  total: number;
  bound: number | null;
  gap_ratio: number | null;
}

/** What made a version of the plan, in words. */
export interface PlanChange {
  version: number;
  at: string;
  why: string;
}

/** Job orders that a person would have run together in a furnace, from a time on. */
export interface WantedLoad {
  equipment_id: string;
  job_order_ids: string[];
  start_at: string;
}

export interface FurnacePlan {
  version: number;
  loads: PlanLoad[];
  infeasible: Record<string, string>;
  too_late: Record<string, string>;
  figures: PlanFigures | null;
  changes: PlanChange[];
}

/** A job order that another plan would start elsewhere or at another time. */
export interface PlanMove {
  job_order_id: string;
  from_equipment_id: string;
  from_start_at: string | null;
  to_equipment_id: string;
  to_start_at: string | null;
}

export interface OtherPlan extends Omit<FurnacePlan, 'changes'> {
  moved: PlanMove[];
}

export interface Furnace {
  equipment_id: string;
  connected: boolean;
  highest_temperature_degc: number | null;
}

export interface PartHeat {
  lot_id: string;
  job_order_id: string;
  tray: number;
  position: number;
  deviations: string[] | null;
  soak_in_band_s: number | null;
  dose_h: number | null;
  unknown_reason: string | null;
  placed_by: string | null;
  mark: string | null;
}

/** Arrays of one length over `time_s`; null where a sensor gave no number. */
export interface Profile {
  time_s: (number | null)[];
  setpoint_degc: (number | null)[];
  temperature_degc: (number | null)[];
  zone_degc: (number | null)[];
  /** Only where hydrogen is let in; in air there is nothing to measure. */
  oxygen_ppm?: (number | null)[];
  hydrogen_ratio?: (number | null)[];
}

export interface FurnaceLoadRecord extends FurnaceLoad {
  judged: Record<string, number | string>;
  parameters: Record<string, unknown>;
  profile: Profile | null;
  deviations: string[] | null;
  parts: PartHeat[];
}

/** Furnace hours of a span of time; before_h lies before the first job order, the ratio is running over what was open since. */
export interface FurnaceHours {
  equipment_id: string;
  load_count: number;
  before_h: number;
  running_h: number;
  closed_h: number;
  other_h: number;
  utilisation_ratio: number | null;
}

interface Items<Item> {
  items: Item[];
}

export const useFurnaces = () =>
  useQuery({
    queryKey: ['furnaces'],
    queryFn: ({ signal }) => getJson<Items<Furnace>>('/api/sintering/furnaces', signal),
    refetchInterval: REFRESH_MS,
  });

export const useFurnacePlan = () =>
  useQuery({
    queryKey: PLAN_KEY,
    queryFn: ({ signal }) => getJson<FurnacePlan>('/api/sintering/furnace-plan', signal),
    refetchInterval: REFRESH_MS,
  });

export const useFurnaceHours = (days: number) =>
  useQuery({
    queryKey: ['furnace-hours', days],
    queryFn: ({ signal }) => getJson<Items<FurnaceHours>>(`/api/sintering/furnace-utilisation?days=${days}`, signal),
    refetchInterval: REFRESH_MS,
  });

export interface Question {
  away: string[];
  urgent: string[];
  pins: WantedLoad[];
}

/** The plan if something were otherwise, asked again with each version; the plan in force stays as it is. */
export const useWhatIf = (question: Question, version: number) =>
  useQuery({
    queryKey: ['what-if', question, version],
    enabled: Object.values(question).some((asked) => asked.length > 0),
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: () => postQuestion<OtherPlan>('/api/sintering/furnace-plan/what-if', question),
  });

export const useFurnaceLoads = () =>
  useQuery({
    queryKey: ['furnace-loads'],
    queryFn: ({ signal }) => getJson<Items<FurnaceLoad>>('/api/sintering/furnace-loads', signal),
    refetchInterval: REFRESH_MS,
  });

export const useFurnaceLoad = (loadId: string) =>
  useQuery({
    queryKey: loadKey(loadId),
    queryFn: ({ signal }) =>
      getJson<FurnaceLoadRecord>(`/api/sintering/furnace-loads/${encodeURIComponent(loadId)}`, signal),
    refetchInterval: REFRESH_MS,
  });

/** The profile of a run that is not over, from the historian; in seconds since it started. */
export const useRunningProfile = (load: FurnaceLoadRecord) =>
  useQuery({
    queryKey: ['running-profile', load.furnace_load_id],
    enabled: load.started_at !== null && load.ended_at === null,
    queryFn: async ({ signal: abort }) => {
      const startedAt = load.started_at ?? '';
      const series = (signal: string) =>
        readSeries({ equipmentId: load.equipment_id, signal, from: startedAt, points: CURVE_POINTS }, abort);
      const signals = ['setpoint_degc', 'temperature_degc', 'zone_temperature_degc'];
      const gas = load.parameters['atmosphere'] === AIR ? [] : ['oxygen_ppm', 'hydrogen_ratio'];
      return joined(Date.parse(startedAt), await Promise.all([...signals, ...gas].map(series)));
    },
    refetchInterval: REFRESH_MS,
  });

/** One time axis for signals that were not sampled together: the last value of each holds on. */
function joined(startMs: number, pages: readonly (SeriesPage | undefined)[]): Profile {
  const last: (number | null)[] = pages.map(() => null);
  const rows = pages
    .flatMap((page, signal) => (page?.points ?? []).map((point) => ({ at: Date.parse(point.at), signal, value: point.value })))
    .sort((one, other) => one.at - other.at)
    .map(({ at, signal, value }) => {
      last[signal] = value;
      return [(at - startMs) / 1_000, ...last];
    })
    .filter((row, index, all) => row[0] !== all[index + 1]?.[0]);
  const column = (index: number) => rows.map((row) => row[index] ?? null);
  const heat = { time_s: column(0), setpoint_degc: column(1), temperature_degc: column(2), zone_degc: column(3) };
  return pages.length > 3 ? { ...heat, oxygen_ppm: column(4), hydrogen_ratio: column(5) } : heat;
}
