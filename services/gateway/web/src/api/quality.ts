/** What the quality service says of gates, control charts and nonconformances, and what each screen asks it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';
import type { Role } from './session';

const REFRESH_MS = 5_000;
const LIMIT = 200;
const ROOT = '/api/quality';
/** All that quality says is read again after each command of these screens. */
const QUALITY = 'quality';

/** A signature as it is kept: who, as what, meaning what, of which form of the record. */
export interface Signed {
  record_sha256: string;
  printed_name: string;
  role: string;
  meaning: string;
  signed_at: string;
}

/** What a person signs with; the password goes to the gateway and is kept nowhere. */
export interface Signature {
  login: string;
  password: string;
  role: Role;
  meaning: string;
  /** Of the record that was shown; the first signature comes with its record. */
  record_sha256?: string;
}

export interface Blocked {
  job_order_id: string;
  lot_id: string;
  product_id: string;
  gate: string;
  operation: string | null;
  reason: string;
  evaluated_at: string;
  nonconformance_id: string | null;
  nonconformance_state: string | null;
}

export interface Undecided {
  job_order_id: string;
  lot_id: string;
  product_id: string;
  operation: string;
  ended_at: string;
  reason: string | null;
}

export interface GateValue {
  lot_id: string;
  characteristic: string;
  value: number | string | null;
  unit: string;
  low: number | null;
  high: number | null;
  guard: number | null;
  protocol: string | null;
  waiver_id: string | null;
  disposition: string | null;
  reason: string;
  specification_version: number;
}

export interface GateDecision {
  lot_id: string;
  disposition: string;
  reason: string;
  evaluated_at: string;
  specification_version: number;
}

export interface Gate {
  gate: string;
  specification: { version: number; decides: string; may_release?: string[] } | null;
  decisions: GateDecision[];
  results: GateValue[];
}

export interface Waiver {
  waiver_id: string;
  state: 'proposed' | 'in_force' | 'revoked';
  acts: boolean;
  expires_at: string;
  body: { gate: string; characteristic: string; lot_ids: string[]; low: number | null; high: number | null; reason: string };
  signatures: Signed[];
}

/** What a gate found good and a person must release; the hash is of the record that is shown. */
export interface WaitingRelease {
  gate: string;
  lot_id: string;
  reason: string;
  record_sha256: string;
  signatures: Signed[];
}

export interface UnsignedSpecification {
  product_id: string;
  operation: string;
  gate: string;
  version: number;
  characteristics: { characteristic: string; low?: number | null; high?: number | null; unit: string }[];
  record_sha256: string;
  signatures: Signed[];
}

export interface GatePage {
  job_order_id: string;
  lot_id: string;
  work_request_id: string;
  product_id: string;
  operation: string;
  equipment_id: string | null;
  ended_at: string;
  decided: boolean;
  waits: string | null;
  gates: Gate[];
  waivers: Waiver[];
  releases: WaitingRelease[];
  nonconformances: { nonconformance_id: string; gate: string; state: NcState; description: string }[];
  reevaluations: { person: string; reason: string; asked_at: string }[];
  files: { spectrum_id: string; lot_id: string; name: string; sha256: string | null; measured_at: string; model_version: string | null }[];
}

export interface NewWaiver {
  waiver_id: string;
  product_id: string;
  operation: string;
  gate: string;
  characteristic: string;
  lot_ids: string[];
  low?: number;
  high?: number;
  reason: string;
  expires_at: string;
  signature: Signature;
}

export interface ChartSeries {
  series: string;
  point_count: number;
  limits_version: number;
  open_signal_count: number;
}

export interface Chart {
  chart_id: string;
  version: number;
  characteristic: string;
  product_id: string;
  operation: string;
  kind: string;
  unit: string;
  rules: string[];
  action_plan: string[];
}

export interface ChartPoint {
  number: number;
  lot_id: string;
  job_order_id: string;
  measured_at: string;
  values: number[];
  limits_version: number | null;
  /** Null while no limits were frozen: nothing is judged. */
  body: { value: number; centre: number; low: number; high: number; low_sum: number | null } | null;
  rules: string[] | null;
}

export interface ChartLimits {
  limits_version: number;
  body: { centre: number; sigma: number; baseline_count: number };
  first_number: number;
  last_number: number;
  person: string;
  reason: string;
  frozen_at: string;
}

export interface Capability {
  cp?: number | null;
  cpk?: number | null;
  pp?: number | null;
  ppk?: number | null;
  ppk_interval?: [number, number] | null;
  spread?: { count: number; mean: number; normality_p: number };
  reason: string | null;
}

export interface ChartPage extends Chart {
  series: string;
  points: ChartPoint[];
  limits: ChartLimits[];
  trial_limits: { centre: number; sigma: number } | null;
  trial_reason: string | null;
  capability: Capability;
}

export interface ChartSignal {
  signal_id: string;
  chart_id: string;
  series: string;
  number: number;
  lot_id: string;
  characteristic: string;
  unit: string;
  value: number;
  low: number;
  high: number;
  rules: string[];
  action_plan: string[];
  raised_at: string;
  closed_at: string | null;
  person: string | null;
  cause: string | null;
  action: string | null;
}

export type NcState = 'open' | 'contained' | 'decided' | 'closed';

export interface Nonconformance {
  nonconformance_id: string;
  gate: string;
  category: string;
  severity: string;
  state: NcState;
  job_order_id: string;
  lot_id: string;
  lot_ids: string[];
  equipment_id: string | null;
  operation: string | null;
  description: string;
  cause_of: string | null;
  raised_at: string;
  closed_at: string | null;
}

export interface LotOfNc {
  lot_id: string;
  is_held: boolean;
  disposition: string | null;
  disposition_id: string | null;
}

export interface NcDecision {
  disposition_id: string;
  record: { lot_ids: string[]; disposition: string; reason: string; rework_route_id: string | null };
  state: 'proposed' | 'in_force';
  proposed_at: string;
  in_force_at: string | null;
  signatures: Signed[];
}

export interface NcAction {
  action_id: string;
  kind: string;
  what: string;
  owner: string;
  due_at: string;
  after_count: number;
  state: string;
  done_at: string | null;
  is_late: boolean;
}

export interface NcEntry {
  kind: string;
  person: string;
  entered_at: string;
  body: Record<string, unknown>;
}

export interface NcPage extends Omit<Nonconformance, 'lots'> {
  lots: LotOfNc[];
  entries: NcEntry[];
  dispositions: NcDecision[];
  rework: { lot_id: string; rework_route_id: string; operations_left: string[]; ordered_at: string }[];
  actions: NcAction[];
  signatures: Signed[];
}

export interface ParetoBar {
  word: string;
  count: number;
  lot_count: number;
  cumulative_ratio: number;
}

interface Items<Item> {
  items: Item[];
}

function useQuality<Answer>(path: string) {
  return useQuery({
    queryKey: [QUALITY, path],
    queryFn: ({ signal }) => getJson<Answer>(`${ROOT}${path}`, signal),
    refetchInterval: REFRESH_MS,
  });
}

const part = encodeURIComponent;

export const useBlocked = () => useQuality<Items<Blocked>>(`/blocked?limit=${LIMIT}`);
export const useUndecided = () => useQuality<Items<Undecided>>(`/undecided?limit=${LIMIT}`);
export const useUnsigned = () => useQuality<Items<UnsignedSpecification>>('/unsigned-specifications');
export const useWaivers = () => useQuality<Items<Waiver>>('/waivers?limit=50');
export const useGatePage = (jobOrderId: string) => useQuality<GatePage>(`/job-orders/${part(jobOrderId)}/gates`);

export const useCharts = () => useQuality<Items<Chart & { series: ChartSeries[] }>>('/control-charts');
export const useChart = (chartId: string, series: string) =>
  useQuality<ChartPage>(`/control-charts/${part(chartId)}?series=${part(series)}&limit=200`);
export const useSignals = () => useQuality<Items<ChartSignal>>('/chart-signals?only_open=false&limit=50');

export const useNonconformances = () => useQuality<Items<Nonconformance>>(`/nonconformances?limit=${LIMIT}`);
export const useNonconformance = (id: string) => useQuality<NcPage>(`/nonconformances/${part(id)}`);
export type ParetoBy = 'category' | 'cause_of' | 'equipment_id' | 'operation' | 'severity';
export const usePareto = (by: ParetoBy) => useQuality<Items<ParetoBar>>(`/nonconformance-pareto?by=${by}`);
export const useReworkRoutes = () => useQuality<Items<{ rework_route_id: string; operations: string[] }>>('/rework-routes');

interface Sent {
  path: string;
  body: object;
  key: string;
}

/** Sends a command of quality once; a refusal is an answer. What the screens show is read again after it. */
export function useQualityCommand(onDone: () => void) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Sent>({
    mutationFn: ({ path, body, key }) => postCommand(`${ROOT}${path}`, key, body),
    retry: false,
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: [QUALITY] }),
  });
  return { send: (path: string, body: object) => mutation.mutate({ path, body, key: commandKey() }), mutation };
}

/** The gateway puts in who is signed in; a body without the field would be refused before that. */
export const CALLER = { person: '-' };
/** An id that a person need not think of. */
export const newId = (prefix: string) => `${prefix}-${commandKey().slice(0, 8)}`;
