/** Stacks to build, seals and open exposures: what the services say of them, and the scan of a part. */
import { useMutation, useQuery, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';
import { STACKS_KEY } from './keys';
import type { Exposure, Listing } from './types';

const SODIUM_KEY = ['sodium'] as const;
const REFRESH_MS = 2_000;
const SLOW_REFRESH_MS = 10_000;

export interface StackLayer {
  position: number;
  material_definition_id: string;
  role: string;
  face_up: string | null;
  lot_id: string | null;
  scanned_at: string | null;
}

export interface StackFigures {
  np_ratio: number | null;
  np_min_ratio: number | null;
  np_low_ratio: number | null;
  np_high_ratio: number | null;
  sodium_thickness_um: number | null;
  cathode_loading_mg_per_cm2: number | null;
  measured_count?: number;
  needed_count?: number;
  reason: string | null;
}

export interface StackWindow {
  name: string;
  limit_kind: 'min' | 'max';
  limit_at: string;
  state: string;
}

export interface StackToBuild {
  job_order_id: string;
  lot_id: string;
  product_id: string;
  stack_plan_id: string;
  stack_plan_version: number;
  needs_scan: boolean;
  layers: readonly StackLayer[];
  next: StackLayer | null;
  figures: StackFigures;
  windows: readonly StackWindow[];
  held: string | null;
}

export interface Seal {
  station_order_id: string;
  lot_id: string;
  equipment_id: string;
  state: string;
  ended_at: string;
  values: readonly SealValue[];
}

export interface SealValue {
  name: string;
  unit: string;
  ordered: number | null;
  found: number | null;
}

export interface OpenExposure {
  lot_id: string;
  open_state: string;
  gas: 'water' | 'oxygen';
  room_equipment_id: string;
  state: Exposure['state'];
  from_at: string;
  minutes: number;
  budget_minutes: number;
  dose_ppm_h: number | null;
  budget_dose_ppm_h: number;
  limit_at: string;
  reason: string | null;
}

interface Items<Item> {
  items: readonly Item[];
}

export const useStacksToBuild = () =>
  useQuery({
    queryKey: STACKS_KEY,
    queryFn: ({ signal }) => getJson<Items<StackToBuild>>('/api/lamination/stacks-to-build', signal),
    refetchInterval: REFRESH_MS,
  });

export const useSeals = () =>
  useQuery({
    queryKey: ['seals'],
    queryFn: ({ signal }) => getJson<Items<Seal>>('/api/lamination/seals', signal),
    refetchInterval: REFRESH_MS,
  });

/** The nearest `limit` of a lot, in a room, or of all, and how many there are. */
export const useOpenExposures = (limit: number, lotId?: string, roomId?: string) =>
  useQuery({
    queryKey: ['open-exposures', limit, lotId, roomId],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ limit: String(limit) });
      if (lotId !== undefined) query.set('lot_id', lotId);
      if (roomId !== undefined) query.set('room_equipment_id', roomId);
      return getJson<Listing<OpenExposure>>(`/api/quality/open-exposures?${query.toString()}`, signal);
    },
    refetchInterval: REFRESH_MS,
  });

export interface SodiumPlace {
  place_id: string;
  room_id: string | null;
  water: 'forbidden' | 'allowed';
  sodium_g: number;
  limit_g: number;
  state: 'within' | 'near' | 'over';
}

export interface SodiumLot {
  lot_id: string;
  material_definition_id: string;
  place_id: string | null;
  sodium_g: number;
}

/** Sodium stacked into cells, by where these are; it counts against no limit. */
export interface SodiumInCells {
  equipment_id: string | null;
  cell_count: number;
  sodium_g: number;
}

/** `confirmed_by` is null while the second person is missing. */
export interface SodiumScrap {
  scrap_id: string;
  lot_id: string;
  quantity: number;
  person: string;
  reason: string;
  proposed_at: string;
  confirmed_by: string | null;
}

export interface Sodium {
  places: readonly SodiumPlace[];
  lots: readonly SodiumLot[];
  cells: readonly SodiumInCells[];
  scraps: readonly SodiumScrap[];
  unplaced_g: number;
}

export const useSodium = () =>
  useQuery({
    queryKey: SODIUM_KEY,
    queryFn: ({ signal }) => getJson<Sodium>('/api/execution/sodium', signal),
    refetchInterval: SLOW_REFRESH_MS,
  });

interface SodiumAct {
  path: string;
  body: Record<string, unknown>;
  key: string;
}

export interface SodiumCommand {
  move(lotId: string, placeId: string): void;
  propose(lotId: string, quantity: number, reason: string): void;
  /** The second person signs with login and password. */
  confirm(scrapId: string, login: string, password: string): void;
  mutation: Pick<UseMutationResult<unknown, Error, SodiumAct>, 'isPending' | 'error' | 'isSuccess'>;
}

/** Who acts is who is signed in; the gateway puts that person in. A refusal is an answer. */
export function useSodiumChange(person: string): SodiumCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, SodiumAct>({
    mutationFn: ({ path, body, key }) => postCommand(`/api/execution/sodium/${path}`, key, body),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: SODIUM_KEY }),
  });
  const send = (path: string, body: Record<string, unknown>) =>
    mutation.mutate({ path, body: { ...body, person }, key: commandKey() });
  return {
    move: (lotId, placeId) => send('moves', { lot_id: lotId, place_id: placeId }),
    propose: (lotId, quantity, reason) => send('scraps', { lot_id: lotId, quantity, reason }),
    confirm: (scrapId, login, password) =>
      send(`scraps/${encodeURIComponent(scrapId)}/confirmations`, { second: { login, password } }),
    mutation,
  };
}

interface Scan {
  body: { lot_id?: string; position?: number; face_up?: string; person: string };
  key: string;
}

export interface ScanCommand {
  /** Puts the part with this lot id on the stack. */
  scan(lotId: string, faceUp: string | null): void;
  /** Takes the part that the job order lists for a position. */
  take(position: number, faceUp: string | null): void;
  mutation: Pick<UseMutationResult<unknown, Error, Scan>, 'isPending' | 'error' | 'isSuccess'>;
}

/** A refused part is an answer, so it is not sent again by itself. */
export function useScan(jobOrderId: string, person: string): ScanCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Scan>({
    mutationFn: ({ body, key }) =>
      postCommand(`/api/lamination/job-orders/${encodeURIComponent(jobOrderId)}/scans`, key, body),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: STACKS_KEY }),
  });
  const send = (part: { lot_id?: string; position?: number }, faceUp: string | null) =>
    mutation.mutate({
      body: { ...part, ...(faceUp === null ? {} : { face_up: faceUp }), person },
      key: commandKey(),
    });
  return {
    scan: (lotId, faceUp) => send({ lot_id: lotId }, faceUp),
    take: (position, faceUp) => send({ position }, faceUp),
    mutation,
  };
}
