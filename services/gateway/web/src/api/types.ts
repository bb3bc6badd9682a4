/** The gateway's answers, field for field as its HTTP contract has them. Instants are ISO 8601 strings. */

export type EquipmentState =
  | 'productive'
  | 'standby'
  | 'engineering'
  | 'scheduled_down'
  | 'unscheduled_down'
  | 'nonscheduled';
export type DataQuality = 'good' | 'stale' | 'unknown';
export type ValueQuality = 'good' | 'stale' | 'bad';
export type Disposition = 'released' | 'blocked' | 'rework' | 'scrap';
export type AlarmPriority = 1 | 2 | 3;

export interface SignalValue {
  signal: string;
  value: number | null;
  unit: string;
  quality: ValueQuality;
}

export interface Station {
  equipment_id: string;
  name: string;
  area: string;
  kind: string;
  /** The service that drives it. */
  service: string;
  /** False of a room, which is only measured. */
  takes_jobs: boolean;
  state: EquipmentState;
  data_quality: DataQuality;
  job_order_id: string | null;
  operation: string | null;
  lot_id: string | null;
  progress_ratio: number | null;
  reason: string | null;
  values: SignalValue[];
  updated_at: string | null;
}

export interface WorkInProcess {
  operation: string;
  waiting: number;
  running: number;
  held: number;
  ended: number;
}

export interface WorkRequest {
  work_request_id: string;
  product_id: string;
  quantity: number;
  graded: number;
  held: number;
  scrapped: number;
  /** Not begun when the order was closed short. */
  cancelled: number;
  state: string;
  /** When it was closed short; null: it was not. */
  closed_at: string | null;
}

export interface Alarm {
  alarm_id: string;
  code: string;
  text: string;
  priority: AlarmPriority;
  source: string;
  raised_at: string;
  acknowledged: boolean;
}

export interface ServiceHealth {
  service: string;
  ready: boolean;
  /** Wall seconds; null when nothing waits or the service does not say. */
  oldest_event_age_s: number | null;
  /** Events of others that it has not read yet. */
  behind_count: number;
  set_aside_count: number;
  /** True when its oldest event waits longer than the plant allows. */
  late: boolean;
}

/** An event that `service` could not handle. `age_s` in wall seconds. */
export interface SetAsideEvent {
  service: string;
  event_id: string;
  source: string;
  sequence: number;
  subject: string;
  type: string;
  error: string;
  attempts: number;
  age_s: number;
}

/** `missing` names the services that could not be asked, as `<service>: <reason>`. */
export interface SetAsidePage {
  items: SetAsideEvent[];
  total: number;
  missing: string[];
}

/** A certificate; `name` is its user once it is trusted, `station` the machine that showed it. */
export interface TrustedCertificate {
  fingerprint: string;
  name: string;
  state: 'trusted' | 'quarantined';
  subject: string;
  application_uri: string | null;
  valid_until: string;
  since: string;
  station: string | null;
}

export interface TrustPage {
  items: TrustedCertificate[];
  users: string[];
}

export interface Overview {
  line: string;
  plant_time: string;
  speed: number;
  /** Null where the plant file has no shifts. */
  shift: { name: string; begun_at: string; ends_at: string } | null;
  stations: Station[];
  wip: WorkInProcess[];
  /** The open ones, and the last few that ended. */
  work_requests: WorkRequest[];
  work_requests_left_off_count: number;
  alarms: Alarm[];
  alarms_left_off_count: number;
  services: ServiceHealth[];
}

export interface Listing<Item> {
  items: Item[];
  total: number;
}

export interface CellSummary {
  cell_id: string;
  product_id: string;
  work_request_id: string;
  kind: 'cell' | 'witness' | 'life_cell';
  operation: string | null;
  state: string;
  disposition: Disposition | null;
  grade: string | null;
  discharge_capacity_mah: number | null;
  reason: string | null;
  updated_at: string;
}

export interface LotSummary {
  lot_id: string;
  material_definition_id: string;
  quantity: number | null;
  unit: string;
  state: string;
  work_request_id: string | null;
  location: string | null;
  updated_at: string;
}

export interface GenealogyNode {
  lot_id: string;
  material_definition_id: string;
  rank: number;
  quantity: number | null;
  unit: string;
  operation: string | null;
  equipment_id: string | null;
}

export interface GenealogyEdge {
  from: string;
  to: string;
  quantity: number | null;
  unit: string;
}

export interface Genealogy {
  nodes: GenealogyNode[];
  edges: GenealogyEdge[];
}

export interface CellOperation {
  operation: string;
  job_order_id: string;
  equipment_id: string | null;
  state: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface TimeLimit {
  name: string;
  kind: 'min' | 'max';
  from_event: string;
  to_event: string;
  started_at: string;
  limit_at: string;
  state: 'open' | 'near' | 'met' | 'broken';
}

export interface Exposure {
  state: 'within' | 'near' | 'over' | 'unknown';
  minutes: number | null;
  budget_minutes: number;
  dose_ppm_h: number | null;
  reason: string | null;
}

export interface GateResult {
  gate: string;
  characteristic: string;
  value: number | string | null;
  unit: string;
  low: number | null;
  high: number | null;
  disposition: string;
  reason: string;
  evaluated_at: string;
}

export interface Cycle {
  cycle: number;
  charge_capacity_mah: number | null;
  discharge_capacity_mah: number | null;
  coulombic_efficiency_ratio: number | null;
  /** Of the efficiency, from the channel's current alone; smaller differences mean nothing. */
  coulombic_efficiency_uncertainty_ratio: number | null;
  energy_efficiency_ratio: number | null;
  mean_charge_voltage_v: number | null;
  mean_discharge_voltage_v: number | null;
  constant_voltage_ratio: number | null;
  retention_ratio: number | null;
  reference_cycle: number | null;
  flag: string | null;
}

/** Rows of a test as columns; fewer than `row_count` where they are reduced to lowest and highest. */
export interface Curve {
  row_count: number;
  time_s: number[];
  voltage_v: number[];
  current_ma: number[];
}

/** `curve` is null before the first row, and when the historian did not give it. */
export interface Formation {
  series_id: string;
  protocol_id: string;
  channel: string;
  state: string;
  stop_reason: string | null;
  /** What a current density is measured against; null where the job order does not say. */
  area_cm2: number | null;
  curve: Curve | null;
  cycles: Cycle[];
}

/** What a staircase of currents showed: the critical current density lies between the two levels. `mode` is how the cell failed. */
export interface Ccd {
  survived_ma_per_cm2: number | null;
  failed_ma_per_cm2: number | null;
  charge_mah_per_cm2: number | null;
  mode: string | null;
  reason: string | null;
}

export interface Spectrum {
  frequency_hz: number[];
  z_real_ohm: number[];
  z_imag_ohm: number[];
}

/** The parts of a page that the gateway asks of different services; `cell` brings operations and time limits. */
export type PartName = 'cell' | 'genealogy' | 'gates' | 'exposure' | 'spectrum' | 'formation' | 'curve';

/** A page of parts. One that could not be had is null and named in `missing` as `<part>: <reason>`. */
export interface PartialRecord {
  missing: string[];
}

/** Exposure, formation and spectrum are null, too, before there is one. */
export interface CellRecord extends PartialRecord {
  cell: CellSummary | null;
  genealogy: Genealogy | null;
  operations: CellOperation[] | null;
  time_limits: TimeLimit[] | null;
  exposure: Exposure | null;
  gates: GateResult[] | null;
  /** Null where no staircase of currents was judged. */
  ccd: Ccd | null;
  formation: Formation | null;
  spectrum: Spectrum | null;
}

export interface LotRecord extends PartialRecord {
  lot: LotSummary;
  genealogy: Genealogy | null;
}
