/** Handovers of shifts: what stands open, records that nobody changes any more, and who took them over. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ListedAlarm } from './alarms';
import { getJson, postCommand, postQuestion } from './http';

export interface Shift {
  name: string;
  begun_at: string;
  ends_at: string;
}

export interface HeldLot {
  lot_id: string;
  gate: string;
  reason: string;
  held_at: string;
}

export interface OpenJob {
  job_order_id: string;
  equipment_id: string | null;
  operation: string;
  lot_id: string;
  state: string;
  started_at: string | null;
  reason: string | null;
}

export interface OpenLimit {
  lot_id: string;
  name: string;
  kind: 'min' | 'max';
  to_event: string;
  limit_at: string;
  state: string;
}

export interface OpenExposureEnd {
  lot_id: string;
  open_state: string;
  gas: string;
  state: string;
  limit_at: string;
  reason: string | null;
}

export interface UnexplainedStop {
  equipment_id: string;
  begun_at: string;
  ended_at: string | null;
  duration_s: number;
  reason: string | null;
}

/** A part is null where the service that knows it did not answer: not known is not none. */
export interface OpenThings {
  held_lots: HeldLot[] | null;
  alarms: Pick<ListedAlarm, 'alarm_id' | 'code' | 'priority' | 'source' | 'text' | 'state' | 'hidden_until'>[];
  job_orders: OpenJob[];
  time_limits: OpenLimit[] | null;
  exposures: OpenExposureEnd[] | null;
  stops: UnexplainedStop[];
}

export type OpenKind = keyof OpenThings;

/** `counts` are of all there are, the lists are cut. Without shifts in the plant file `shift` is null. */
export interface Gathered {
  shift: string | null;
  begun_at: string;
  coming: string | null;
  coming_ends_at: string;
  open: OpenThings;
  counts: Partial<Record<OpenKind, number>>;
  missing: string[];
}

export interface Draft extends Gathered {
  plant_time: string;
  shifts: Shift[];
}

interface Written {
  notes: string;
  person: string;
}

interface Kept {
  handover_id: string;
  written_at: string;
  person: string;
  supersedes: string | null;
  superseded_by: string | null;
  record_sha256: string;
  taken_by: string | null;
  taken_at: string | null;
  remark: string | null;
}

export interface Handover extends Kept {
  record: Gathered & Written;
}

export interface ListedHandover extends Kept {
  record: Omit<Gathered, 'open'> & Written;
}

const KEY = 'handovers';
const REFRESH_MS = 10_000;

/** `begunAt`: which shift; empty: the running one. */
export const useDraft = (begunAt: string) =>
  useQuery({
    queryKey: [KEY, 'draft', begunAt],
    queryFn: ({ signal }) => {
      const which = begunAt === '' ? '' : `?${new URLSearchParams({ shift_begun_at: begunAt }).toString()}`;
      return getJson<Draft>(`/api/handover-draft${which}`, signal);
    },
    refetchInterval: REFRESH_MS,
  });

export const useHandovers = () =>
  useQuery({
    queryKey: [KEY, 'list'],
    queryFn: ({ signal }) => getJson<{ items: ListedHandover[] }>('/api/handovers', signal),
    refetchInterval: REFRESH_MS,
  });

export const useHandover = (handoverId: string) =>
  useQuery({
    queryKey: [KEY, handoverId],
    queryFn: ({ signal }) => getJson<Handover>(`/api/handovers/${encodeURIComponent(handoverId)}`, signal),
    refetchInterval: REFRESH_MS,
  });

export function useHandOver(onWritten: (handoverId: string) => void) {
  const queries = useQueryClient();
  return useMutation<{ handover_id: string }, Error, { notes: string; shift_begun_at: string; key: string }>({
    mutationFn: ({ key, ...body }) => postCommand('/api/handovers', key, body),
    onSuccess: ({ handover_id }) => onWritten(handover_id),
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
}

interface Taking {
  login: string;
  password: string;
  record_sha256: string;
  remark?: string;
}

/** Not sent again by itself: each try of a password counts. */
export function useTakeOver(handoverId: string) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, Taking>({
    mutationFn: (taking) => postQuestion(`/api/handovers/${encodeURIComponent(handoverId)}/take-over`, taking),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
}
