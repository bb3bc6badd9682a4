import { useEffect, useRef } from 'react';
import { useSignOut, type Caller } from '../../api/session';

// As the gateway ends sessions; a panel stands where everybody passes.
const IDLE_MS = { desk: 30 * 60_000, panel: 5 * 60_000 };
const LOOK_MS = 10_000;
const TOUCHES = ['pointerdown', 'keydown', 'wheel'] as const;

/** The tabs of a browser share one session, so a touch of one counts for all. */
const CHANNEL = 'halite.touched';

/** Signs out when nobody has touched a screen of this browser for half an hour, or five minutes after a sign-in by badge. */
export function useIdleLock({ way }: Caller): void {
  const idleMs = way === 'badge' ? IDLE_MS.panel : IDLE_MS.desk;
  const { mutate: signOut } = useSignOut();
  const touchedAt = useRef(performance.now());
  useEffect(() => {
    const others = new BroadcastChannel(CHANNEL);
    const touchedSomewhere = () => {
      touchedAt.current = performance.now();
    };
    const touched = () => {
      touchedSomewhere();
      others.postMessage(null);
    };
    others.onmessage = touchedSomewhere;
    const timer = window.setInterval(() => {
      if (performance.now() - touchedAt.current > idleMs) signOut();
    }, LOOK_MS);
    for (const touch of TOUCHES) window.addEventListener(touch, touched, { passive: true });
    return () => {
      others.close();
      window.clearInterval(timer);
      for (const touch of TOUCHES) window.removeEventListener(touch, touched);
    };
  }, [signOut, idleMs]);
}
