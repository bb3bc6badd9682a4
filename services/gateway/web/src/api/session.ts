/** Who is signed in here, and the persons of the plant. A password goes to the gateway and is kept nowhere. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, commandKey, getJson, postCommand, postQuestion } from './http';
import { OPENID_KEY, PERSONS_KEY, ROLES_KEY, SESSION_KEY } from './keys';

export const ROLES = ['viewer', 'operator', 'planner', 'engineer', 'quality', 'maintenance', 'administrator'] as const;
export type Role = (typeof ROLES)[number];
export type Permission = 'read' | 'operate' | 'plan' | 'engineer' | 'decide' | 'maintain' | 'administer';

export interface Caller {
  login: string;
  name: string;
  roles: Role[];
  permissions: Permission[];
  must_change: boolean;
  way: 'password' | 'badge' | 'oidc' | 'key';
  /** Roles whose training ended, with its last day. */
  lapsed: Partial<Record<Role, string>>;
}

export interface Person {
  login: string;
  name: string;
  roles: Role[];
  must_change: boolean;
  disabled: boolean;
  locked_until: string | null;
  added_at: string;
  seen_at: string | null;
}

/** Who is signed in; null: nobody. A gateway that is away leaves who was there. */
export const useSession = () =>
  useQuery<Caller | null>({
    queryKey: SESSION_KEY,
    queryFn: async ({ signal }) => (await getJson<{ caller: Caller | null }>('/api/session', signal)).caller,
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.data === undefined ? 2_000 : false),
  });

/** What the button for the site's OpenID provider says; null: this plant has none. */
export const useOpenId = () =>
  useQuery<string | null>({
    queryKey: OPENID_KEY,
    queryFn: async ({ signal }) => (await getJson<{ oidc: string | null }>('/api/session', signal)).oidc,
    staleTime: Infinity,
  });

/** Which roles give each permission; it does not change while the gateway runs. */
export const useGivingRoles = () =>
  useQuery<Partial<Record<Permission, Role[]>>>({
    queryKey: ROLES_KEY,
    queryFn: async ({ signal }) => (await getJson<{ roles: Partial<Record<Permission, Role[]>> }>('/api/session', signal)).roles,
    staleTime: Infinity,
  });

/** Where a browser goes to sign in by the provider; it comes back to the app. */
export const OPENID_WAY = '/api/session/oidc';

/** True for an answer that says the session is over; a wrong password is no such answer. */
export function saysSessionIsOver(error: Error): boolean {
  return error instanceof ApiError && error.status === 401 && !error.path.startsWith('/api/session');
}

type Credentials = { login: string; password: string } | { badge: string; pin: string };

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation<Caller, Error, Credentials>({
    mutationFn: (given) => postQuestion<Caller>('badge' in given ? '/api/session/badge' : '/api/session', given),
    retry: false,
    onSuccess: (caller) => queries.setQueryData(SESSION_KEY, caller),
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation<unknown>({
    mutationFn: () => postQuestion('/api/session/end', {}),
    retry: false,
    // Nothing of what one person saw is shown to the next.
    onSuccess: () => {
      queries.clear();
      queries.setQueryData(SESSION_KEY, null);
    },
  });
}

interface PasswordChange {
  password: string;
  new_password: string;
}

export function usePasswordChange(caller: Caller) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, PasswordChange>({
    mutationFn: (change) => postQuestion('/api/session/password', change),
    retry: false,
    onSuccess: () => queries.setQueryData(SESSION_KEY, { ...caller, must_change: false }),
  });
}

export const usePersons = () =>
  useQuery({
    queryKey: PERSONS_KEY,
    queryFn: ({ signal }) => getJson<{ items: Person[] }>('/api/persons', signal),
  });

export interface NewPerson {
  login: string;
  name: string;
  roles: Role[];
  password: string;
}

export function useNewPerson(onAdded: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, NewPerson>({
    mutationFn: (person) => postQuestion('/api/persons', person),
    retry: false,
    onSuccess: onAdded,
    onSettled: () => queries.invalidateQueries({ queryKey: PERSONS_KEY }),
  });
}

interface PersonChange {
  change: { roles?: Role[]; disabled?: boolean };
  key: string;
}

export function usePersonChange(login: string) {
  const queries = useQueryClient();
  const mutation = useMutation<unknown, Error, PersonChange>({
    mutationFn: ({ change, key }) => postCommand(`/api/persons/${encodeURIComponent(login)}`, key, change),
    retry: false,
    onSettled: () => queries.invalidateQueries({ queryKey: PERSONS_KEY }),
  });
  return { send: (change: PersonChange['change']) => mutation.mutate({ change, key: commandKey() }), mutation };
}

export function usePasswordReset(login: string, onReset: () => void) {
  const queries = useQueryClient();
  return useMutation<unknown, Error, string>({
    mutationFn: (password) => postQuestion(`/api/persons/${encodeURIComponent(login)}/password`, { password }),
    retry: false,
    onSuccess: onReset,
    onSettled: () => queries.invalidateQueries({ queryKey: PERSONS_KEY }),
  });
}
