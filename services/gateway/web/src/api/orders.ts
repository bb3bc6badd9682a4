/** What a person tells execution of an order. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { commandKey, postCommand } from './http';
import { liveKey } from './keys';

/** Whether cells that are begun go on to their end, or are held for a decision. */
export type UnderWay = 'finish' | 'hold';

interface Closing {
  reason: string;
  cells_under_way: UnderWay;
  key: string;
}

/** Closes an order short, for good. The gateway puts in who is signed in. */
export function useCloseShort(workRequestId: string, onClosed: () => void) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Closing>({
    mutationFn: ({ key, ...body }) =>
      postCommand(`/api/execution/work-requests/${encodeURIComponent(workRequestId)}/close`, key, { person: '-', ...body }),
    retry: false,
    onSuccess: onClosed,
    onSettled: () => queries.invalidateQueries({ queryKey: liveKey('overview') }),
  });
  return {
    send: (reason: string, underWay: UnderWay) => mutation.mutate({ reason, cells_under_way: underWay, key: commandKey() }),
    mutation,
  };
}
