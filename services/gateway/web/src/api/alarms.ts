/** The alarm list, what persons do with alarms, key figures and the alarm table. */
import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import type { Language } from '../settings/browser';
import { commandKey, getJson, postCommand } from './http';
import { liveKey } from './keys';
import type { AlarmPriority } from './types';

export type AlarmState =
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned_unacknowledged'
  | 'shelved'
  | 'suppressed_by_design'
  | 'out_of_service';

/** `because`: `follows:<alarm id>` or `state:<equipment state>` where the alarm table suppresses it. */
export interface ListedAlarm {
  alarm_id: string;
  code: string;
  priority: AlarmPriority;
  text: string;
  source: string;
  state: AlarmState;
  active: boolean;
  raised_at: string;
  returned_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  because: string | null;
  hidden_by: string | null;
  hidden_reason: string | null;
  hidden_until: string | null;
}

/** Alarms of one likely cause; `key` is the alarm id, the code or the source that they share; `alarm_ids` are of those listed. */
export interface AlarmGroup {
  kind: 'cause' | 'source' | 'code';
  key: string;
  count: number;
  alarm_ids: string[];
}

/** What the alarm table says of all alarms of one code. */
export interface AlarmTableRow {
  longest_shelf_h: number;
  cause: string;
  consequence: string;
  guidance: Record<Language, string>;
  respond_within_min: number;
}

/**
 * `silent`: services that are not ready or late, so that alarms of theirs may be missing.
 * `table_rows`: by code; one that the alarm table does not have is left out.
 */
export interface AlarmPage {
  plant_time: string;
  items: ListedAlarm[];
  table_rows: Partial<Record<string, AlarmTableRow>>;
  standing_count: number;
  hidden_count: number;
  left_off_count: number;
  groups: AlarmGroup[];
  flood: boolean;
  raised_10_min_count: number;
  silent: string[];
}

export interface AlarmFigures {
  since: string;
  until: string;
  raised_count: number;
  per_10_min: number | null;
  per_10_min_limit: number;
  peak_10_min: number;
  peak_10_min_limit: number;
  flood_ratio: number | null;
  flood_ratio_limit: number;
  priorities: { priority: AlarmPriority; count: number; ratio: number | null; target_ratio: number }[];
  worst: { code: string; source: string; count: number; ratio: number }[];
  chattering: { code: string; source: string }[];
  stale_count: number;
  acknowledge_median_s: number | null;
  acknowledge_slowest_s: number | null;
}

export interface AlarmDefinition {
  code: string;
  version: number;
  priority: AlarmPriority | null;
  cause: string;
  consequence: string;
  guidance: Record<Language, string>;
  respond_within_min: number;
  confirm_return: boolean;
  longest_shelf_h: number;
  follows: string[];
  silent_in: string[];
}

export interface AlarmTable {
  items: AlarmDefinition[];
  not_rationalised: string[];
}

const LIST_KEY = ['alarm-list'] as const;
const LIST_REFRESH_MS = 2_000;
const SLOW_REFRESH_MS = 30_000;

export const MOST_LISTED = 2000;

/** `limit`: of the alarms that stand, and of those that are hidden; at most `MOST_LISTED`. */
export const useAlarmList = (limit: number) =>
  useQuery({
    queryKey: [...LIST_KEY, limit],
    queryFn: ({ signal }) => getJson<AlarmPage>(`/api/alarm-list?limit=${String(limit)}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIST_REFRESH_MS,
  });

export const useAlarmFigures = (hours: string) =>
  useQuery({
    queryKey: ['alarm-figures', hours],
    queryFn: ({ signal }) => getJson<AlarmFigures>(`/api/alarm-figures?hours=${hours}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: SLOW_REFRESH_MS,
  });

export const useAlarmTable = () =>
  useQuery({
    queryKey: ['alarm-table'],
    queryFn: ({ signal }) => getJson<AlarmTable>('/api/alarm-table', signal),
    refetchInterval: SLOW_REFRESH_MS,
  });

interface Act {
  path: string;
  body?: object;
  key: string;
}

export interface AlarmCommand {
  acknowledge(): void;
  shelve(durationS: number, reason: string): void;
  unshelve(): void;
  takeOutOfService(reason: string): void;
  putBackInService(): void;
  mutation: Pick<UseMutationResult<unknown, Error, Act>, 'isPending' | 'error'>;
}

/** What a person does with one alarm; pending until the list has been read again after it. */
export function useAlarmCommand(alarmId: string): AlarmCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Act>({
    mutationFn: ({ path, body, key }) => postCommand(`/api/alarms/${encodeURIComponent(alarmId)}/${path}`, key, body),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: LIST_KEY }),
        queries.invalidateQueries({ queryKey: liveKey('overview') }),
      ]),
  });
  const act = (path: string, body?: object) => mutation.mutate({ path, body, key: commandKey() });
  return {
    acknowledge: () => act('acknowledge'),
    shelve: (duration_s, reason) => act('shelve', { duration_s, reason }),
    unshelve: () => act('unshelve'),
    takeOutOfService: (reason) => act('out-of-service', { reason }),
    putBackInService: () => act('in-service'),
    mutation,
  };
}
