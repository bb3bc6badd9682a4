import { useEffect } from 'react';
import type { Overview } from '../api/types';
import { usePlantClock } from '../live/LiveProvider';

/** Sets the plant clock by the overview: its speed always, its time while no heartbeat says a newer one. */
export function useClockFollows(overview: Overview | undefined): void {
  const clock = usePlantClock();
  useEffect(() => {
    if (overview !== undefined) clock.read(overview.plant_time, overview.speed);
  }, [clock, overview]);
}
