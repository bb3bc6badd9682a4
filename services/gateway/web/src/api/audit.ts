/** Who did what when: acts of persons from the sealed record. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getJson } from './http';

/** `before` is missing where the record has no earlier word on the object. */
export interface Change {
  before?: unknown;
  after: unknown;
}

export interface Act {
  position: number;
  event_id: string;
  at: string;
  service: string;
  persons: string[];
  act: string;
  object: string;
  reason: string | null;
  changes: Record<string, Change>;
  is_sealed: boolean;
}

/** Days as `2026-11-28`, or empty; `until` is the last day shown. */
export interface AuditFilter {
  person: string;
  object: string;
  since: string;
  until: string;
}

const PAGE = 100;
const MOST = 1000;
const DAY_MS = 86_400_000;
const PATH = '/api/trace/audit';

function queryOf(filter: AuditFilter, limit: number): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  if (filter.person !== '') query.set('person', filter.person);
  if (filter.object !== '') query.set('object', filter.object);
  if (filter.since !== '') query.set('since', `${filter.since}T00:00:00Z`);
  if (filter.until !== '') query.set('until', new Date(Date.parse(filter.until) + DAY_MS).toISOString());
  return query;
}

export const useAudit = (filter: AuditFilter) =>
  useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ signal, pageParam }) => {
      const query = queryOf(filter, PAGE);
      if (pageParam !== null) query.set('before', String(pageParam));
      return getJson<{ items: Act[] }>(`${PATH}?${query.toString()}`, signal);
    },
    initialPageParam: null as number | null,
    getNextPageParam: ({ items }) => (items.length < PAGE ? null : (items.at(-1)?.position ?? null)),
    placeholderData: keepPreviousData,
  });

/** The newest thousand of what is shown, as a file. */
export const auditFile = (filter: AuditFilter) => `${PATH}?${queryOf(filter, MOST).toString()}&shape=csv`;
