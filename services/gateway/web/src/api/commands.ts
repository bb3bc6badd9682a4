/** What a person can tell the plant to do. A command is pending until what is shown has been read again after it. */
import { useMutation, useQueryClient, type UseMutationResult } from '@tanstack/react-query';
import { commandKey, postCommand } from './http';
import { liveKey, SET_ASIDE_KEY, TRUST_KEY } from './keys';

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
      postCommand(`/api/alarms/${encodeURIComponent(id)}/acknowledge`, key),
    onSuccess: () => queries.invalidateQueries({ queryKey: liveKey('overview') }),
  });
  return { send: () => mutation.mutate({ alarmId, key: commandKey() }), mutation };
}

interface Retry {
  service: string;
  eventId: string;
  key: string;
}

export interface RetryCommand {
  send(): void;
  mutation: Pick<UseMutationResult<unknown, Error, Retry>, 'isPending' | 'error'>;
}

/** Lets a service handle a set-aside event again; a refusal is an answer, so it is not sent again by itself. */
export function useRetry(service: string, eventId: string): RetryCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Retry>({
    mutationFn: ({ service: name, eventId: id, key }) =>
      postCommand(`/api/set-aside/${encodeURIComponent(name)}/${encodeURIComponent(id)}/retry`, key),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: SET_ASIDE_KEY }),
  });
  return { send: () => mutation.mutate({ service, eventId, key: commandKey() }), mutation };
}

interface Decision {
  path: string;
  key: string;
}

export interface TrustCommand {
  accept(user: string): void;
  reject(): void;
  mutation: Pick<UseMutationResult<unknown, Error, Decision>, 'isPending' | 'error'>;
}

/** Lets a certificate enter the OPC UA server as a user, or takes it out. */
export function useTrust(fingerprint: string): TrustCommand {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, Decision>({
    mutationFn: ({ path, key }) => postCommand(`/api/plc/trust/${fingerprint}/${path}`, key),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: TRUST_KEY }),
  });
  const decide = (path: string) => mutation.mutate({ path, key: commandKey() });
  return {
    accept: (user) => decide(`accept?user=${encodeURIComponent(user)}`),
    reject: () => decide('reject'),
    mutation,
  };
}
