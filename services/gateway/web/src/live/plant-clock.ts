/** Plant time as the server last said it, with the wall instant at which it was said. */

/** `speed` is plant seconds per second; in production it is 1. */
export interface PlantInstant {
  plantMs: number;
  wallMs: number;
  speed: number;
}

const HEARTBEAT_FRESH_MS = 2_000;

export class PlantClock {
  private now: PlantInstant | null = null;
  private beatAt = 0;
  private readonly listeners = new Set<() => void>();

  /** Takes the plant time of a heartbeat. */
  beat(plantTime: string): void {
    this.beatAt = Date.now();
    this.set(plantTime, this.now?.speed ?? 1);
  }

  /** Takes plant time and speed of a state; while heartbeats arrive theirs is the newer time. */
  read(plantTime: string, speed: number): void {
    const beating = this.now !== null && Date.now() - this.beatAt < HEARTBEAT_FRESH_MS;
    if (!beating) this.set(plantTime, speed);
    else if (this.now !== null && this.now.speed !== speed) this.tell({ ...this.now, speed });
  }

  readonly get = (): PlantInstant | null => this.now;

  readonly onChange = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private set(plantTime: string, speed: number): void {
    const plantMs = Date.parse(plantTime);
    if (!Number.isNaN(plantMs)) this.tell({ plantMs, wallMs: Date.now(), speed });
  }

  private tell(now: PlantInstant): void {
    this.now = now;
    for (const listener of this.listeners) listener();
  }
}

/** The plant time in ms at the wall instant `wallMs`; the wall instant itself while the plant time is not known. */
export function plantTimeAt(now: PlantInstant | null, wallMs: number): number {
  return now === null ? wallMs : now.plantMs + (wallMs - now.wallMs) * now.speed;
}
