/** Which cells are compared: kept in the address, so that a comparison can be sent as a link. */
import { useSearchParams } from 'react-router';
import type { CellRecord } from '../../api/types';
import { MOST_SERIES } from '../../charts/palette';

export interface Compared {
  id: string;
  record: CellRecord;
}

export const MOST_COMPARED = MOST_SERIES;

export const compareAddress = (cellIds: readonly string[]): string =>
  `/compare?${new URLSearchParams(cellIds.map((id) => ['cell', id])).toString()}`;

export function useCompared(): [cellIds: string[], change: (cellIds: readonly string[]) => void] {
  const [parameters, setParameters] = useSearchParams();
  const cellIds = [...new Set(parameters.getAll('cell').filter((id) => id !== ''))].slice(0, MOST_COMPARED);
  const change = (changed: readonly string[]) =>
    setParameters(new URLSearchParams(changed.map((id) => ['cell', id])), { replace: true });
  return [cellIds, change];
}
