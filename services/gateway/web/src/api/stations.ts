/** What a station's service says of it, and what a person can ask of a job order that is there. */
import { useMutation, useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';
import type { Station } from './types';

const REFRESH_MS = 2_000;
const LIMIT = 50;
const WAITING_LIMIT = 500;
export const stationKey = (equipmentId: string) => ['station', equipmentId] as const;

export type Asked = 'pause' | 'resume' | 'stop' | 'abort';

/** `asked` and `asked_by`: what a person wants and the station has not been told yet. */
export interface JobOrder {
  job_order_id: string;
  station_order_id: string | null;
  station_kind: string;
  state: string;
  reason: string | null;
  operation: string;
  work_request_id: string | null;
  started_at: string | null;
  ended_at: string | null;
  asked: Asked | null;
  asked_by: string | null;
  paused: boolean;
}

/** `offers` names its methods; `missing` says what it lacks and what follows; `unusable` why it gets no job. */
export interface StationOffer {
  equipment_id: string;
  endpoint: string;
  connected: boolean;
  trouble: string | null;
  identification: Record<string, string>;
  offers: string[];
  missing: string[];
  unusable: string | null;
}

export const useStationJobs = ({ equipment_id, service }: Station) =>
  useQuery({
    queryKey: [...stationKey(equipment_id), 'jobs'],
    queryFn: ({ signal }) =>
      getJson<{ items: JobOrder[] }>(
        `/api/${service}/job-orders?limit=${LIMIT}&equipment_id=${encodeURIComponent(equipment_id)}`,
        signal,
      ),
    refetchInterval: REFRESH_MS,
  });

/** Job orders that stations of this kind may not start yet, each with the reason. */
export const useBlockedJobs = ({ kind, service }: Station) =>
  useQuery({
    queryKey: ['blocked-jobs', service, kind],
    queryFn: async ({ signal }) => {
      const { items } = await getJson<{ items: JobOrder[] }>(`/api/${service}/job-orders?limit=${WAITING_LIMIT}`, signal);
      return items.filter((job) => job.station_kind === kind && job.state === 'not_allowed_to_start' && job.reason !== null);
    },
    refetchInterval: REFRESH_MS,
  });

export const useStationOffer = ({ equipment_id, service }: Station) =>
  useQuery({
    queryKey: [...stationKey(equipment_id), 'offer'],
    queryFn: async ({ signal }) => {
      const { items } = await getJson<{ items: StationOffer[] }>(`/api/${service}/stations`, signal);
      return items.find((one) => one.equipment_id === equipment_id) ?? null;
    },
    refetchInterval: REFRESH_MS,
  });

interface Wish {
  asked: Asked;
  key: string;
}

/** Asks something of a job order at a machine; whether it did it is seen in the job order itself, read anew from `seenIn`. */
export function useJobControl(service: string, jobOrderId: string, seenIn: QueryKey) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Wish>({
    mutationFn: ({ asked, key }) =>
      postCommand(`/api/${service}/job-orders/${encodeURIComponent(jobOrderId)}/${asked}`, key),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: seenIn }),
  });
  return { ask: (asked: Asked) => mutation.mutate({ asked, key: commandKey() }), mutation };
}
