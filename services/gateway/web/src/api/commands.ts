/** What a person can tell the plant to do. A command is pending until what is shown has been read again after it. */
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { commandKey, postCommand } from './http';
import { liveKey } from './keys';

/** Until the app has a sign-in, everyone is the operator. */
const PERSON = 'operator';

interface Acknowledge {
  alarmId: string;
  key: string;
}

export interface AcknowledgeCommand {
  send(): void;
  mutation: Pick<UseMutationResult<unknown, Error, Acknowledge>, 'isPending' | 'error'>;
}

export function useAcknowledge(alarmId: string): AcknowledgeCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Acknowledge>({
    mutationFn: ({ alarmId: id, key }) =>
      postCommand(`/api/alarms/${encodeURIComponent(id)}/acknowledge`, key, PERSON),
    onSuccess: () => queries.invalidateQueries({ queryKey: liveKey('overview') }),
  });
  return { send: () => mutation.mutate({ alarmId, key: commandKey() }), mutation };
}
