/** Shows the plant to who is signed in, and the sign-in to everyone else. */
import { createContext, useContext, type ReactNode } from 'react';
import { useSession, type Caller } from '../../api/session';
import { useI18n } from '../../i18n/I18nProvider';
import { ErrorNote } from '../../parts/ErrorNote';
import { Skeleton } from '../../ui/Skeleton';
import { PasswordScreen } from './PasswordScreen';
import { SignInScreen } from './SignInScreen';
import { useIdleLock } from './useIdleLock';

const CallerContext = createContext<Caller | null>(null);

export function SessionGate({ children }: { children: ReactNode }) {
  const { t } = useI18n();
  const session = useSession();
  if (session.data === undefined) {
    if (session.error !== null) return <ErrorNote error={session.error} onRetry={() => void session.refetch()} />;
    return <Skeleton label={t('data.loading')} />;
  }
  if (session.data === null) return <SignInScreen />;
  if (session.data.must_change) return <PasswordScreen caller={session.data} />;
  return (
    <CallerContext value={session.data}>
      <IdleLock caller={session.data} />
      {children}
    </CallerContext>
  );
}

function IdleLock({ caller }: { caller: Caller }) {
  useIdleLock(caller);
  return null;
}

export function useCaller(): Caller {
  const caller = useContext(CallerContext);
  if (caller === null) throw new Error('SessionGate is missing above this component');
  return caller;
}
