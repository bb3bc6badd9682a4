/** What each screen asks for. Live topics fall back to REST; lists are read again on a timer. */
import { keepPreviousData, useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLinkState, useLiveLink } from '../live/LiveProvider';
import { getJson } from './http';
import { liveKey, SET_ASIDE_KEY, TRUST_KEY } from './keys';
import type { CellRecord, CellSummary, Disposition, Listing, LotRecord, LotSummary, Overview, SetAsidePage, TrustPage } from './types';

const REST_FALLBACK_MS = 5_000;
const ALARM_NET_MS = 10_000;
const LIST_REFRESH_MS = 10_000;
export const LIST_LIMIT = 200;

/** Pushed by the live link while it is up, read by REST at first and while it is down; with a net, also each `netMs` while it is up. */
function useLiveQuery<Answer>(topic: string, path: string, netMs: number | false = false): UseQueryResult<Answer> {
  const link = useLiveLink();
  const linkState = useLinkState();
  useEffect(() => link.subscribe(topic), [link, topic]);
  return useQuery({
    queryKey: liveKey(topic),
    queryFn: async ({ signal }) => {
      const askedAt = performance.now();
      const answer = await getJson<Answer>(path, signal);
      // A snapshot pushed while this answer was on its way is newer than the answer.
      return (link.receivedSince(topic, askedAt) as Answer | undefined) ?? answer;
    },
    refetchInterval: linkState === 'live' ? netMs : REST_FALLBACK_MS,
  });
}

/** A link whose heart beats while its pushes have stopped would show a calm list of alarms for ever: hence the net. */
export const useOverview = () => useLiveQuery<Overview>('overview', '/api/overview', ALARM_NET_MS);

export const useCell = (cellId: string) =>
  useLiveQuery<CellRecord>(`cell:${cellId}`, `/api/cells/${encodeURIComponent(cellId)}`);

/** Several cells at once, each read again on a timer. */
export const useCellRecords = (cellIds: readonly string[]) =>
  useQueries({
    queries: cellIds.map((cellId) => ({
      queryKey: ['compared', cellId],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        getJson<CellRecord>(`/api/cells/${encodeURIComponent(cellId)}`, signal),
      refetchInterval: LIST_REFRESH_MS,
    })),
  });

export const useLot = (lotId: string) =>
  useQuery({
    queryKey: ['lot', lotId],
    queryFn: ({ signal }) => getJson<LotRecord>(`/api/lots/${encodeURIComponent(lotId)}`, signal),
    refetchInterval: LIST_REFRESH_MS,
  });

function useListing<Item>(path: string, filter: Record<string, string>) {
  const query = new URLSearchParams({ ...filter, limit: String(LIST_LIMIT) }).toString();
  return useQuery({
    queryKey: ['list', path, query],
    queryFn: ({ signal }) => getJson<Listing<Item>>(`${path}?${query}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIST_REFRESH_MS,
  });
}

export const useCells = (search: string, disposition: Disposition | '') =>
  useListing<CellSummary>('/api/cells', { search, disposition });

export const useLots = (search: string) => useListing<LotSummary>('/api/lots', { search });

export const useSetAside = (limit: number) =>
  useQuery({
    queryKey: [...SET_ASIDE_KEY, limit],
    queryFn: ({ signal }) => getJson<SetAsidePage>(`/api/set-aside?limit=${String(limit)}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIST_REFRESH_MS,
  });

export const useTrustList = () =>
  useQuery({
    queryKey: TRUST_KEY,
    queryFn: ({ signal }) => getJson<TrustPage>('/api/plc/trust', signal),
    refetchInterval: LIST_REFRESH_MS,
  });
