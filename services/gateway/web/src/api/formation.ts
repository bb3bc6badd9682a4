/** What the formation service says of racks, tests and grades, and what each screen asks it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';
import type { JobOrder } from './stations';
import type { Curve, Cycle } from './types';

const RACKS_REFRESH_MS = 2_000;
const REFRESH_MS = 5_000;
/** Rows of lowest and highest voltage and current: four for each pixel of a wide screen. */
const CURVE_POINTS = 4_000;

export type PlaceState = 'free' | 'leased' | 'working' | 'ended' | 'held' | 'out_of_service' | 'unknown';

export interface StepAim {
  kind: string;
  until_v: number | null;
  until_s: number | null;
}

/** One channel; live values and the step are null where no look at it is recent. */
export interface Place {
  channel: string;
  state: PlaceState;
  reason: string | null;
  chamber_position: string | null;
  chamber_temperature_degc: number;
  calibration_due: string;
  age_s: number | null;
  job_order_id: string | null;
  lot_id: string | null;
  protocol_id: string | null;
  protocol_version: number | null;
  started_at: string | null;
  step: number | null;
  step_count: number | null;
  step_aim: StepAim | null;
  elapsed_s: number | null;
  left_s: number | null;
  voltage_v: number | null;
  current_ma: number | null;
  temperature_degc: number | null;
  cycle: number | null;
}

export interface Rack {
  equipment_id: string;
  protocol: string;
  answers: boolean;
  channels: Place[];
}

export interface WaitingTest {
  job_order_id: string;
  lot_id: string;
  protocol_id: string;
  state: string;
  reason: string | null;
  due_at: string;
}

export interface RacksPage {
  items: Rack[];
  waiting: WaitingTest[];
}

export interface TestRunSummary {
  job_order_id: string;
  lot_id: string;
  channel: string;
  protocol_id: string;
  protocol_version: number;
  state: string;
  stop_reason: string | null;
  started_at: string | null;
  ended_at: string | null;
  row_count: number;
}

/** A figure off the curve; without a value the reason says why. */
export interface Feature {
  name: string;
  value: number | null;
  reason: string | null;
}

export interface Grade {
  grade: string;
  grading_version: number;
  reasons: string[];
  capacity_mah: number | null;
  efficiency_ratio: number | null;
  resistance_ohm: number | null;
  person: string | null;
  why: string | null;
  graded_at: string;
}

/** A part of a test over two instruments: rows of a tester, or a spectrum of an analyser. */
export interface TestPart {
  number: number;
  instrument: 'tester' | 'analyser';
  equipment_id: string;
  channel: string | null;
  state: string;
  started_at: string | null;
  ended_at: string | null;
  series_id: string | null;
  spectrum_id: string | null;
}

/** How long a test went on after the first row that shows why it was stopped. */
export interface StopLatency {
  by: 'watch' | 'tester';
  first_row: number;
  first_row_s: number;
  seen_after_s: number | null;
  rows_to_seen: number | null;
  stopped_after_s: number;
  rows_to_stop: number;
}

export interface TestRun extends TestRunSummary {
  /** The job order behind it, at the instrument that has it now. */
  job: JobOrder;
  /** Null for a test in parts, each of which has its own. */
  equipment_id?: string | null;
  stop_latency: StopLatency | null;
  parts: TestPart[];
  cycles: Cycle[];
  features: Feature[];
  grades: Grade[];
}

export interface ChannelFacts {
  equipment_id: string;
  channel: string;
  current_range_ma: number;
  voltage_range_v: number;
  current_uncertainty_ratio: number;
  calibrated_on: string | null;
  calibration_due: string;
  chamber_temperature_degc: number;
  chamber_position: string | null;
  /** Why nobody may use it; null when it is in service. */
  out_reason: string | null;
}

/** One line of a channel's history. */
export interface ChannelEntry {
  entry: string;
  by: string;
  note: string;
  written_at: string;
  calibration_due?: string;
  current_uncertainty_ratio?: number;
  drift_ratio?: number;
  chamber_temperature_degc?: number;
  chamber_position?: string;
}

export interface ChannelPage {
  channel: ChannelFacts;
  items: ChannelEntry[];
  tests: TestRunSummary[];
}

export interface GradedRecipe {
  product_id: string;
  protocol_id: string;
  protocol_version: number;
  grade: string;
  cell_count: number;
}

export interface Pack {
  lot_ids: string[];
  capacity_spread_ratio: number;
  resistance_spread_ratio: number | null;
}

export interface PacksPage {
  packs: Pack[];
  left_over: string[];
}

export interface PackRules {
  size: number;
  capacity_spread_ratio: number;
  /** Null: resistance does not count. */
  resistance_spread_ratio: number | null;
}

interface Items<Item> {
  items: Item[];
}

export const useRacks = () =>
  useQuery({
    queryKey: ['racks'],
    queryFn: ({ signal }) => getJson<RacksPage>('/api/formation/racks', signal),
    refetchInterval: RACKS_REFRESH_MS,
  });

export const useTestRuns = () =>
  useQuery({
    queryKey: ['test-runs'],
    queryFn: ({ signal }) => getJson<Items<TestRunSummary>>('/api/formation/test-runs?limit=50', signal),
    refetchInterval: REFRESH_MS,
  });

export const useChannel = (equipmentId: string, channel: string) =>
  useQuery({
    queryKey: ['channel', equipmentId, channel],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ equipment_id: equipmentId }).toString();
      return getJson<ChannelPage>(`/api/formation/channels/${encodeURIComponent(channel)}/history?${query}`, signal);
    },
    refetchInterval: REFRESH_MS,
  });

/** Where the page of a channel is. */
export const channelPath = (equipmentId: string, channel: string) =>
  `/racks/channels/${encodeURIComponent(channel)}?${new URLSearchParams({ tester: equipmentId }).toString()}`;

export const runKey = (jobOrderId: string) => ['test-run', jobOrderId] as const;

export const useTestRun = (jobOrderId: string) =>
  useQuery({
    queryKey: runKey(jobOrderId),
    queryFn: ({ signal }) => getJson<TestRun>(`/api/formation/test-runs/${encodeURIComponent(jobOrderId)}`, signal),
    refetchInterval: REFRESH_MS,
  });

/** The rows of a test from the historian, reduced to lowest and highest. */
export const useTestCurve = (jobOrderId: string) =>
  useQuery({
    queryKey: ['test-curve', jobOrderId],
    queryFn: async ({ signal }): Promise<Curve> => {
      const query = new URLSearchParams({ series_id: jobOrderId, points: String(CURVE_POINTS) });
      const page = await getJson<{ row_count: number; columns: Omit<Curve, 'row_count'> }>(
        `/api/historian/test-curve?${query.toString()}`,
        signal,
      );
      return { row_count: page.row_count, ...page.columns };
    },
    refetchInterval: REFRESH_MS,
  });

export const useGradedRecipes = () =>
  useQuery({
    queryKey: ['graded-recipes'],
    queryFn: ({ signal }) => getJson<Items<GradedRecipe>>('/api/formation/graded-recipes', signal),
    refetchInterval: REFRESH_MS,
  });

/** Packs of one recipe and grade by these rules; nothing is changed by asking. */
export const usePacks = (recipe: GradedRecipe, rules: PackRules) => {
  const query = new URLSearchParams({
    product_id: recipe.product_id,
    protocol_id: recipe.protocol_id,
    protocol_version: String(recipe.protocol_version),
    grade: recipe.grade,
    size: String(rules.size),
    capacity_spread_ratio: String(rules.capacity_spread_ratio),
    ...(rules.resistance_spread_ratio === null ? {} : { resistance_spread_ratio: String(rules.resistance_spread_ratio) }),
  }).toString();
  return useQuery({
    queryKey: ['packs', query],
    queryFn: ({ signal }) => getJson<PacksPage>(`/api/formation/packs?${query}`, signal),
    refetchInterval: REFRESH_MS,
  });
};

/** Grades the cell of a test anew by the newest grading; the grade before stays. */
export function useRegrade(run: TestRun) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, { why: string; key: string }>({
    mutationFn: ({ why, key }) =>
      postCommand(`/api/formation/lots/${encodeURIComponent(run.lot_id)}/grades`, key, { why }),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: runKey(run.job_order_id) }),
  });
}

export const newRegrade = (why: string) => ({ why, key: commandKey() });
