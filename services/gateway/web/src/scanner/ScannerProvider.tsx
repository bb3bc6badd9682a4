/** Hears the scanner on every screen: a screen that works with scans takes them, any other searches for the code. */
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useNavigate } from 'react-router';
import { searchPath } from '../screens/search/search-path';
import { ScanDecoder } from './decoder';

type Take = (code: string) => void;

interface Scanner {
  /** The newest code and its number, so that the same code can be shown twice. */
  newest: { code: string; number: number } | null;
  takers: Take[];
}

const ScannerContext = createContext<Scanner | null>(null);

export function ScannerProvider({ children }: { children: ReactNode }) {
  const navigate = useNavigate();
  const takers = useRef<Take[]>([]);
  const [newest, setNewest] = useState<Scanner['newest']>(null);
  useEffect(() => {
    const decoder = new ScanDecoder();
    const hear = (event: KeyboardEvent) => {
      const { taken, scanned } = decoder.press({
        code: event.code,
        shiftKey: event.shiftKey,
        ctrlKey: event.ctrlKey,
        at: performance.now(),
      });
      if (!taken) return;
      event.preventDefault();
      event.stopPropagation();
      if (scanned === undefined) return;
      setNewest((before) => ({ code: scanned, number: (before?.number ?? 0) + 1 }));
      const take = takers.current.at(-1);
      if (take !== undefined) take(scanned);
      else void navigate(searchPath(scanned));
    };
    // Before any field: what a scanner types must not land in the one that has the focus.
    window.addEventListener('keydown', hear, { capture: true });
    return () => window.removeEventListener('keydown', hear, { capture: true });
  }, [navigate]);
  const scanner = useMemo(() => ({ newest, takers: takers.current }), [newest]);
  return <ScannerContext value={scanner}>{children}</ScannerContext>;
}

function useScanner(): Scanner {
  const scanner = useContext(ScannerContext);
  if (scanner === null) throw new Error('ScannerProvider is missing above this component');
  return scanner;
}

/** Takes the scans of this screen while it is shown; the newest that asks goes first. */
export function useScanned(take: Take): void {
  const { takers } = useScanner();
  const newest = useRef(take);
  newest.current = take;
  useEffect(() => {
    const own: Take = (code) => newest.current(code);
    takers.push(own);
    return () => void takers.splice(takers.indexOf(own), 1);
  }, [takers]);
}

export const useNewestScan = (): Scanner['newest'] => useScanner().newest;
