/** What the spray service says of its jobs, traces, glue and cure, and what each screen asks it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';

const REFRESH_MS = 3_000;
const TRACE_POINTS = 700;
const LIMIT = 50;
const CURES = 200;
const GLUE_KEY = ['glue-mixes'] as const;

export type TraceState = 'within' | 'outside' | 'unknown';
export type Side = 'a' | 'b';

export interface SprayStation {
  equipment_id: string;
  connected: boolean;
  trouble: string | null;
  unusable: string | null;
}

/** A stored job that may not start yet; `trouble` when a person must mend something first. */
export interface Interlock {
  equipment_id: string;
  station_order_id: string;
  reason: string;
  since: string;
  trouble: string | null;
}

export interface SprayJob {
  station_order_id: string;
  equipment_id: string;
  recipe_id: string;
  recipe_version: number;
  state: string;
  reason: string | null;
  planned_at: string;
  started_at: string | null;
  ended_at: string | null;
  nozzle_id: string | null;
  parts_count: number;
  faces_count: number;
  bad_count: number;
  arc_count: number | null;
}

/** All is null of a face that was not sprayed yet; `deviation` says what is not as it must be. */
export interface SprayFace {
  lot_id: string;
  face: Side;
  trace_state: TraceState | null;
  trace_arc_count: number | null;
  contact_angle_deg: number | null;
  film_um: number | null;
  deviation: string | null;
}

export interface SprayJobRecord extends SprayJob {
  parameters: Record<string, number | string | number[] | string[]>;
  glue_lot_ids: string[];
  faces: SprayFace[];
}

export interface TraceBand {
  signal: string;
  segment: string;
  low: number;
  high: number;
  face: Side | null;
}

/** Least and most of each signal in each bin that begins at `time_s`. */
export interface FaceTrace {
  state: TraceState;
  reason: string | null;
  arc_count: number | null;
  limits: { bands: TraceBand[] } | null;
  time_s: number[];
  duration_s: number | null;
  signals: Record<string, { low: number[]; high: number[] }>;
}

export interface GlueMix {
  lot_id: string;
  formula_id: string;
  state: 'weighed' | 'usable' | 'blocked' | 'expired' | 'disposed';
  reason: string | null;
  weighed_by: string;
  verified_by: string | null;
  left_ul: number;
  made_ul: number;
  mixed_at: string;
  expires_at: string;
}

export interface CureResult {
  lot_id: string;
  face: Side;
  method: 'ft_ir' | 'tga';
  measured_at: string;
  equipment_id: string;
  predicted_ratio: number;
  measured_ratio: number;
  difference_ratio: number;
  drift_raised: boolean;
}

export interface MixFormula {
  formula_id: string;
  version: number;
  description: string;
  components: { material_definition_id: string; mass_ratio: number; tolerance_ratio: number }[];
}

export interface WeighOut {
  lot_id: string;
  formula_id: string;
  weighings: { lot_id: string; material_definition_id: string; mass_g: number }[];
}

interface Items<Item> {
  items: Item[];
}

function useItems<Item>(key: readonly string[], path: string) {
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => getJson<Items<Item>>(path, signal),
    refetchInterval: REFRESH_MS,
  });
}

export const useSprayStations = () => useItems<SprayStation>(['spray-stations'], '/api/spray/stations');

export const useInterlocks = () => useItems<Interlock>(['spray-interlocks'], '/api/spray/interlocks');

export const useSprayJobs = () => useItems<SprayJob>(['spray-jobs'], `/api/spray/spray-jobs?limit=${LIMIT}`);

/** The spray jobs of one cell or witness, a repeated one too. */
export const useSprayJobsOf = (lotId: string) =>
  useQuery({
    queryKey: ['spray-jobs-of', lotId],
    queryFn: ({ signal }) =>
      getJson<Items<SprayJob>>(`/api/spray/spray-jobs?limit=${LIMIT}&lot_id=${encodeURIComponent(lotId)}`, signal),
    refetchInterval: REFRESH_MS,
  });

export const useGlueMixes = () => useItems<GlueMix>(GLUE_KEY, `/api/spray/glue-mixes?limit=${LIMIT}`);

/** `drift_limit_ratio` is of the newest cure model, null while there is none. */
export interface CureResults {
  items: CureResult[];
  drift_limit_ratio: number | null;
}

export const useCureResults = () =>
  useQuery({
    queryKey: ['cure-results'],
    queryFn: ({ signal }) => getJson<CureResults>(`/api/spray/cure-results?limit=${CURES}`, signal),
    refetchInterval: REFRESH_MS,
  });

/** Who answers for a station; `since` is null where its setup names that person. */
export interface StationOperator {
  station: string;
  equipment_id: string;
  operator: string | null;
  since: string | null;
  trained_until?: string | null;
}

const OPERATORS_KEY = ['spray-operators'] as const;

export const useSprayOperators = () => useItems<StationOperator>(OPERATORS_KEY, '/api/spray/operators');

/** Takes a station over, or leaves it; who is signed in is put in by the gateway. */
export function useOperatorChange(person: string) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, { station: string; leaves: boolean; key: string }>({
    mutationFn: ({ station, leaves, key }) =>
      postCommand(`/api/spray/operators/${encodeURIComponent(station)}${leaves ? '/end' : ''}`, key, { person }),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: OPERATORS_KEY }),
  });
}

export const useSprayJob = (jobId: string) =>
  useQuery({
    queryKey: ['spray-job', jobId],
    queryFn: ({ signal }) => getJson<SprayJobRecord>(`/api/spray/spray-jobs/${encodeURIComponent(jobId)}`, signal),
    refetchInterval: REFRESH_MS,
  });

/** A finished trace never changes, so it is read once. */
export const useFaceTrace = (jobId: string, lotId: string, face: Side) =>
  useQuery({
    queryKey: ['face-trace', jobId, lotId, face],
    queryFn: ({ signal }) =>
      getJson<FaceTrace>(
        `/api/spray/lots/${encodeURIComponent(lotId)}/faces/${face}/trace?points=${TRACE_POINTS}&station_order_id=${encodeURIComponent(jobId)}`,
        signal,
      ),
    staleTime: Infinity,
  });

export const useMixFormulas = () => useItems<MixFormula>(['mix-formulas'], '/api/spray/mix-formulas');

/** Keeps a weigh-out; what is off its formula is refused with the limits. */
export function useWeighOut(onDone: () => void) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, { body: WeighOut; key: string }>({
    mutationFn: ({ body, key }) => postCommand('/api/spray/glue-mixes', key, { person: '-', ...body }),
    retry: false,
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: GLUE_KEY }),
  });
  return { send: (body: WeighOut) => mutation.mutate({ body, key: commandKey() }), mutation };
}

/** A second person signs with a password at the panel of the first. */
export interface MixCheck {
  viscosity_mpas?: number;
  conductivity_s_per_cm?: number;
  second?: { login: string; password: string };
}

interface MixChange {
  path: 'checks' | 'disposal';
  body: object;
  key: string;
}

/** Verifies, checks or disposes of a glue mix; who is signed in is the person. */
export function useMixChange(lotId: string, onDone: () => void) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, MixChange>({
    mutationFn: ({ path, body, key }) =>
      postCommand(`/api/spray/glue-mixes/${encodeURIComponent(lotId)}/${path}`, key, { person: '-', ...body }),
    retry: false,
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: GLUE_KEY }),
  });
  return {
    check: (given: MixCheck) => mutation.mutate({ path: 'checks', body: given, key: commandKey() }),
    dispose: (reason: string) => mutation.mutate({ path: 'disposal', body: { reason }, key: commandKey() }),
    mutation,
  };
}
