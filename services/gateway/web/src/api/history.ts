/** The device history of a cell, as the trace service signs it; only the fields that the screen shows. */
import { useQuery } from '@tanstack/react-query';
import { getJson } from './http';

export interface Evidence {
  event_id: string;
  source: string;
  sequence: number;
  seal_position: number | null;
}

/** What every fact of a history has. */
export interface Proved {
  evidence: readonly Evidence[];
}

export type OpenKind = 'missing' | 'unknown' | 'held' | 'open' | 'broken' | 'unsealed';

export interface OpenPoint extends Proved {
  kind: OpenKind;
  about: string;
  text: string;
}

export interface HistoryLot extends Proved {
  lot_id: string;
  material_definition_id: string;
  quantity: number | null;
  unit: string;
  origin: string | null;
}

export interface HistoryStep extends Proved {
  operation: string;
  lot_id: string;
  job_order_id: string;
  state: string;
  attempt: number;
  equipment_id: string | null;
  software_version: string | null;
  fixture_id: string | null;
  channel: string | null;
  recipe_id: string | null;
  recipe_version: number | null;
  furnace_load_ids: readonly string[];
  persons: readonly string[];
  operators: readonly { operator: string | null; since_at: string }[];
  deviations: readonly string[];
  started_at: string | null;
  ended_at: string | null;
  reason: string | null;
}

export interface HistoryMeasurement extends Proved {
  operation: string;
  lot_id: string;
  characteristic: string;
  value: number | string | null;
  unit: string;
  reason: string | null;
}

export interface HistoryGate extends Proved {
  gate: string;
  lot_id: string;
  disposition: 'released' | 'blocked' | 'rework' | 'scrap';
  reason: string;
  in_force: boolean;
}

export interface HistoryDocument {
  lot_id: string;
  asked_at: string;
  identity: Proved & { product_id: string | null; work_request_id: string | null; order_number: string | null; registered_at: string | null };
  open_points: readonly OpenPoint[];
  lots: readonly HistoryLot[];
  steps: readonly HistoryStep[];
  measurements: readonly HistoryMeasurement[];
  spectra: readonly (Proved & { lot_id: string; operation: string; point_count: number; temperature_degc: number | null })[];
  cyclings: readonly (Proved & { lot_id: string; operation: string; protocol_id: string; protocol_version: number; protocol_matches: boolean; row_count: number })[];
  glue_ages: readonly (Proved & { lot_id: string; job_order_id: string; age_s: number | null; reason: string | null })[];
  gates: readonly HistoryGate[];
  time_limits: readonly (Proved & { lot_id: string; name: string; state: string; limit_at: string })[];
  exposures: readonly (Proved & { lot_id: string; state: string; reason: string | null; in_force: boolean })[];
  holds: readonly (Proved & { lot_id: string; gate: string; reason: string; held_at: string; released_at: string | null })[];
  nonconformances: readonly (Proved & { nonconformance_id: string; lot_ids: readonly string[]; state: string; description: string | null })[];
  waivers: readonly (Proved & { waiver_id: string; lot_ids: readonly string[]; state: string; reason: string; person: string })[];
  recalls: readonly (Proved & { recall_id: string; lot_ids: readonly string[]; reason: string; person: string; ended_at: string | null })[];
  signatures: readonly (Proved & { record_kind: string; record_id: string; lot_id: string; meaning: string; printed_name: string; signed_at: string })[];
  witnesses: readonly (Proved & { lot_id: string; made_of: readonly string[]; gates: readonly HistoryGate[] })[];
  grades: readonly (Proved & { grade: string; discharge_capacity_mah: number | null; in_force: boolean; graded_at: string })[];
  completed: (Proved & { completed_at: string }) | null;
  record: { event_count: number; unsealed_count: number; last_position: number };
}

export interface SignedHistory {
  document: HistoryDocument;
  key_id: string;
}

/** Where a signed document of a lot lies. */
export const documentPath = (lotId: string, name: string) => `/api/trace/lots/${encodeURIComponent(lotId)}/${name}`;

export const useDeviceHistory = (lotId: string) =>
  useQuery({
    queryKey: ['device-history', lotId],
    queryFn: ({ signal }) => getJson<SignedHistory>(documentPath(lotId, 'device-history'), signal),
  });
