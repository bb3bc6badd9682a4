import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';

const TYPING_PAUSE_MS = 250;

/** A filter kept in the address, so that back, reload and a sent link keep it. */
export function useFilter(name: string): [value: string, change: (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const change = (value: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === '') after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? '', change];
}

/** `value` once it has stood still for the pause between two keystrokes. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), TYPING_PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}
