/** The record: search over all names, analysts' views and saved queries. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { commandKey, getJson, postCommand } from './http';

export const NAME_KINDS = [
  'lot',
  'job_order',
  'work_request',
  'equipment',
  'fixture',
  'recipe',
  'furnace_load',
  'person',
  'software',
  'furnace_place',
  'operator',
  'sensor',
] as const;
export type NameKind = (typeof NAME_KINDS)[number];

export interface FoundName {
  kind: NameKind;
  name: string;
  first_at: string;
  material_definition_id: string | null;
  grade: string | null;
  is_held: boolean;
}

export const useNameSearch = (text: string, kind: NameKind | '') =>
  useQuery({
    queryKey: ['names', text, kind],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ text, limit: '100', ...(kind === '' ? {} : { kind }) });
      return getJson<{ items: FoundName[] }>(`/api/trace/search?${query.toString()}`, signal);
    },
    enabled: text.trim() !== '',
    placeholderData: keepPreviousData,
  });

export type ColumnKind = 'text' | 'number' | 'time';

export interface View {
  view: string;
  columns: Record<string, ColumnKind>;
}

export interface Question {
  view: string;
  columns: string[];
  where: string[];
  order_by: string | null;
  limit: number;
}

export interface SavedQuery {
  query_id: number;
  name: string;
  person: string;
  question: Question;
}

export type Row = Record<string, unknown>;
const SAVED_KEY = ['saved-queries'];

export const useViews = () =>
  useQuery({
    queryKey: ['views'],
    queryFn: ({ signal }) => getJson<{ items: View[]; operators: string[] }>('/api/trace/views', signal),
    staleTime: Infinity,
  });

export const useSavedQueries = () =>
  useQuery({
    queryKey: SAVED_KEY,
    queryFn: ({ signal }) => getJson<{ items: SavedQuery[] }>('/api/trace/queries', signal),
  });

/** Where the rows of a question are, for the table or as a file. */
export function rowsAddress({ view, columns, where, order_by, limit }: Question, shape: 'json' | 'csv'): string {
  const query = new URLSearchParams({ limit: String(limit), shape });
  columns.forEach((column) => query.append('columns', column));
  where.forEach((condition) => query.append('where', condition));
  if (order_by !== null) query.append('order_by', order_by);
  return `/api/trace/views/${encodeURIComponent(view)}/rows?${query.toString()}`;
}

export const useRows = (question: Question) =>
  useQuery({
    queryKey: ['rows', question],
    queryFn: ({ signal }) => getJson<{ items: Row[] }>(rowsAddress(question, 'json'), signal),
    placeholderData: keepPreviousData,
    retry: false,
  });

export function useSaveQuery(onSaved: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, Question & { name: string }>({
    mutationFn: (query) => postCommand('/api/trace/queries', commandKey(), query),
    retry: false,
    onSuccess: async () => {
      onSaved();
      await queries.invalidateQueries({ queryKey: SAVED_KEY });
    },
  });
}

export function useEndQuery() {
  const queries = useQueryClient();
  return useMutation<unknown, Error, number>({
    mutationFn: (queryId) => postCommand(`/api/trace/queries/${queryId}/end`, commandKey()),
    retry: false,
    onSuccess: () => queries.invalidateQueries({ queryKey: SAVED_KEY }),
  });
}
