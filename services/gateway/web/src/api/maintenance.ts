/** What is due over all machines, and the entries that renew it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, postCommand } from './http';

export const DUE_STATES = ['past_due', 'out', 'unknown', 'due_soon', 'good'] as const;
export type DueState = (typeof DUE_STATES)[number];

/** Master data that says until when; a new version of `record` renews it. */
export interface Renewal {
  section: string;
  record: Record<string, unknown> & { version: number };
  due_field: string;
  name_field: string | null;
  evidence_field: string;
}

/** `due_at` is null where nobody ever said: that is not good. */
export interface DueDate {
  service: string;
  state: DueState;
  equipment_id: string;
  item: string;
  upkeep: string;
  due_at: string | null;
  blocks: string;
  last_on: string | null;
  last_by: string | null;
  evidence: string | null;
  out_reason: string | null;
  renewal: Renewal | null;
}

export interface MaintenancePage {
  plant_time: string;
  items: DueDate[];
  counts: Record<DueState, number>;
  missing: string[];
}

const KEY = ['maintenance'] as const;
const REFRESH_MS = 30_000;
/** Lists that a service's master data must have, though they may be empty. */
const NEEDED: Record<string, Record<string, []>> = {
  spray: { master_recipes: [] },
  lamination: { master_recipes: [], stack_plans: [] },
};

export const useMaintenance = () =>
  useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => getJson<MaintenancePage>('/api/maintenance', signal),
    refetchInterval: REFRESH_MS,
  });

interface Renewing {
  due: DueDate;
  renewal: Renewal;
  dueAt: string;
  name: string;
  evidence: string;
  key: string;
}

/** Keeps a new version of what says until when; the version before stays on record. */
export function useRenew(onKept: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, Renewing>({
    mutationFn: ({ due, renewal, dueAt, name, evidence, key }) => {
      const record = {
        ...renewal.record,
        version: renewal.record.version + 1,
        [renewal.due_field]: dueAt,
        [renewal.evidence_field]: evidence,
        ...(renewal.name_field !== null && { [renewal.name_field]: name }),
      };
      return postCommand(`/api/${due.service}/master-data`, key, { ...NEEDED[due.service], [renewal.section]: [record] });
    },
    retry: false,
    onSuccess: onKept,
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

export const CHANNEL_ENTRIES = ['calibrated', 'repaired', 'drift_found', 'withdrawn', 'returned'] as const;
export type ChannelEntryKind = (typeof CHANNEL_ENTRIES)[number];

export interface NewChannelEntry {
  equipment_id: string;
  channel: string;
  entry: ChannelEntryKind;
  note: string;
  calibrated_on?: string;
  calibration_due?: string;
  current_uncertainty_ratio?: number;
  drift_ratio?: number;
}

/** Adds a line to a channel's history; the gateway says by whom. */
export function useChannelEntry(by: string, onKept: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, { entry: NewChannelEntry; key: string }>({
    mutationFn: ({ entry, key }) => postCommand('/api/formation/channel-entries', key, { ...entry, by }),
    retry: false,
    onSuccess: onKept,
    onSettled: () =>
      Promise.all([queries.invalidateQueries({ queryKey: KEY }), queries.invalidateQueries({ queryKey: ['channel'] })]),
  });
}
