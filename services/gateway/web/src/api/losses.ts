/** What was lost where: states of SEMI E10, ratios of ISO 22400, stops and first-pass yields. */
import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';
import type { EquipmentState } from './types';

export type TimeBucket = EquipmentState | 'unknown';
export const DOWNTIME_REASONS = [
  'mechanical',
  'electrical',
  'control',
  'tooling',
  'material',
  'utilities',
  'quality',
  'operator',
  'other',
] as const;
export type DowntimeReason = (typeof DOWNTIME_REASONS)[number];

/** Ratios are null where one of their parts is not known; nothing is clamped to 0-1. */
export interface StationLosses {
  equipment_id: string;
  times_s: Record<TimeBucket, number>;
  apt_s: number;
  pbt_s: number;
  unknown_s: number;
  availability: number | null;
  availability_low: number | null;
  availability_high: number | null;
  planned_s: number | null;
  effectiveness: number | null;
  released_count: number;
  decided_count: number;
  quality: number | null;
  oee: number | null;
  ended_count: number;
  aborted_count: number;
  busy_h: number;
  failure_count: number;
  mtbf_s: number | null;
  mttr_s: number | null;
  channel_count: number | null;
  channel_hours_available: number | null;
}

export interface Stop {
  equipment_id: string;
  begun_at: string;
  ended_at: string | null;
  duration_s: number;
  reason: string | null;
  downtime_reason: DowntimeReason | null;
  note: string | null;
  person: string | null;
}

export interface LossRow {
  reason: string;
  count: number;
  lost_s: number;
  ratio: number | null;
  cumulated_ratio: number | null;
}

export interface LossPage {
  since: string;
  until: string;
  stations: StationLosses[];
  stops: Stop[];
  stops_left_off_count: number;
  pareto: LossRow[];
  gates: { gate: string; released_count: number; decided_count: number; ratio: number }[];
}

const KEY = 'losses';
const REFRESH_MS = 5_000;

export const useLosses = (hours: string) =>
  useQuery({
    queryKey: [KEY, hours],
    queryFn: ({ signal }) => getJson<LossPage>(`/api/oee?hours=${hours}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });

interface Given {
  equipment_id: string;
  begun_at: string | null;
  reason: DowntimeReason;
  key: string;
}

export interface ReasonCommand {
  give(reason: DowntimeReason): void;
  mutation: Pick<UseMutationResult<unknown, Error, Given>, 'isPending' | 'isSuccess' | 'error' | 'variables'>;
}

/** Says why a station stopped; without an instant, why it stopped last. */
export function useDowntimeReason(equipmentId: string, begunAt: string | null): ReasonCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Given>({
    mutationFn: ({ key, ...body }) => postCommand('/api/downtime-reasons', key, body),
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
  return {
    give: (reason) => mutation.mutate({ equipment_id: equipmentId, begun_at: begunAt, reason, key: commandKey() }),
    mutation,
  };
}
