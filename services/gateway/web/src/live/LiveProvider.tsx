/** Hands the live link and the plant clock to the screens. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { liveKey, SESSION_KEY } from '../api/keys';
import { LiveLink, type LinkState } from './link';
import { PlantClock, type PlantInstant } from './plant-clock';

interface Live {
  link: LiveLink;
  clock: PlantClock;
}

const LiveContext = createContext<Live | null>(null);

function liveUrl(): string {
  const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${window.location.host}/api/live`;
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [live] = useState<Live>(() => {
    const clock = new PlantClock();
    const link = new LiveLink(liveUrl(), {
      onSnapshot: (topic, data) => queries.setQueryData(liveKey(topic), data),
      onHeartbeat: (plantTime) => clock.beat(plantTime),
      onSessionOver: () => queries.setQueryData(SESSION_KEY, null),
    });
    return { link, clock };
  });

  useEffect(() => {
    live.link.start();
    return () => live.link.stop();
  }, [live]);

  return <LiveContext value={live}>{children}</LiveContext>;
}

function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error('LiveProvider is missing above this component');
  return live;
}

export const useLiveLink = (): LiveLink => useLive().link;

export const usePlantClock = (): PlantClock => useLive().clock;

export function useLinkState(): LinkState {
  const link = useLiveLink();
  return useSyncExternalStore(link.onState, link.getState);
}

/** The year that it is in the plant; null until the server has said a plant time. */
export function usePlantYear(): number | null {
  const clock = usePlantClock();
  return useSyncExternalStore(clock.onChange, () => {
    const now = clock.get();
    return now === null ? null : new Date(now.plantMs).getFullYear();
  });
}

/** Null until the server has said a plant time. */
export function usePlantInstant(): PlantInstant | null {
  const clock = usePlantClock();
  return useSyncExternalStore(clock.onChange, clock.get);
}
