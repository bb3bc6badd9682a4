import { useEffect, useRef } from 'react';
import { useSignOut } from '../../api/session';

const IDLE_MS = 30 * 60_000;
const LOOK_MS = 10_000;
const TOUCHES = ['pointerdown', 'keydown', 'wheel'] as const;

/** Signs out when nobody has touched this screen for half an hour. */
export function useIdleLock(): void {
  const { mutate: signOut } = useSignOut();
  const touchedAt = useRef(performance.now());
  useEffect(() => {
    const touched = () => {
      touchedAt.current = performance.now();
    };
    const timer = window.setInterval(() => {
      if (performance.now() - touchedAt.current > IDLE_MS) signOut();
    }, LOOK_MS);
    for (const touch of TOUCHES) window.addEventListener(touch, touched, { passive: true });
    return () => {
      window.clearInterval(timer);
      for (const touch of TOUCHES) window.removeEventListener(touch, touched);
    };
  }, [signOut]);
}
