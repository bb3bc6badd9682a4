/** What the quality service says of gauge studies, sampling series and sampling plans. */
import { useQuery } from '@tanstack/react-query';
import { getJson } from './http';

const ROOT = '/api/quality';
const LIMIT = 200;

export interface GaugeRecord {
  study_id: string;
  kind: 'crossed' | 'bias';
  characteristic: string;
  equipment_id: string;
  kept_at: string;
  result: {
    gauge_ratio?: number;
    tolerance_ratio?: number | null;
    distinct_count?: number;
    bias?: number;
    interval?: [number, number];
    is_significant?: boolean;
  };
}

export type Severity = 'normal' | 'tightened' | 'reduced' | 'discontinued';
export type Stages = 'single' | 'double' | 'multiple';

export interface Series {
  product_id: string;
  operation: string;
  gate: string;
  severity: Severity;
  score: number;
}

export interface Stage {
  sample_count: number;
  /** null: nothing is accepted at this stage yet. */
  accept_count: number | null;
  refuse_count: number;
}

export interface SamplingPlan {
  kind: Stages;
  letter: string;
  stages: Stage[];
  accepted_95_percent_at_ratio: number | null;
  accepted_10_percent_at_ratio: number | null;
}

/** What a plan is asked for with. */
export interface PlanAsked {
  lotSize: string;
  aql: string;
  level: string;
  severity: Severity;
  stages: Stages;
}

export const useGaugeRecords = () =>
  useQuery({
    queryKey: ['quality', 'gauge-records'],
    queryFn: ({ signal }) => getJson<{ items: GaugeRecord[] }>(`${ROOT}/gauge-records?limit=${LIMIT}`, signal),
  });

export const useSamplingSeries = () =>
  useQuery({
    queryKey: ['quality', 'sampling-series'],
    queryFn: ({ signal }) => getJson<{ series: Series[] }>(`${ROOT}/sampling-series`, signal),
  });

const planQuery = ({ lotSize, aql, level, severity, stages }: PlanAsked): string =>
  new URLSearchParams({ lot_size: lotSize, aql_percent: aql, level, severity, stages }).toString();

/** Where the drawn operating characteristic of a plan is. */
export const planDrawing = (asked: PlanAsked): string => `${ROOT}/sampling-plans/iso-2859-1/drawing?${planQuery(asked)}`;

export const useSamplingPlan = (asked: PlanAsked) =>
  useQuery({
    queryKey: ['quality', 'sampling-plan', asked],
    queryFn: ({ signal }) => getJson<SamplingPlan>(`${ROOT}/sampling-plans/iso-2859-1?${planQuery(asked)}`, signal),
    enabled: Number(asked.lotSize) >= 2,
  });
