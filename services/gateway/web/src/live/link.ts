/** The one WebSocket of this tab: topics in, newest snapshot per topic out, and an honest word on whether it is live. */

export type LinkState = 'connecting' | 'live' | 'stale';

export interface LinkListener {
  onSnapshot(topic: string, data: unknown): void;
  onHeartbeat(plantTime: string): void;
  /** The server says that nobody is signed in here any more. */
  onSessionOver(): void;
}

/** Close code of the server for a session that is over. */
const SESSION_OVER = 4401;
const WATCHDOG_MS = 2_000;
const WATCHDOG_TICK_MS = 250;
const CONNECT_TIMEOUT_MS = 5_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_LAST_MS = 15_000;
/** Text is drawn at 2 Hz at most: more costs a panel PC half its main thread and nobody reads it. */
const DRAW_EVERY_MS = 500;

interface Received {
  seq: number;
  at: number;
  data: unknown;
}

export class LiveLink {
  private socket: WebSocket | null = null;
  private state: LinkState = 'connecting';
  private heardAt: number | null = null;
  private connectedAt = 0;
  private openedAt: number | null = null;
  private epoch: string | null = null;
  private attempt = 0;
  private retryTimer: number | undefined;
  private watchdogTimer: number | undefined;
  private drawTimer: number | undefined;
  private drawnAt = 0;
  private readonly topics = new Map<string, number>();
  private readonly received = new Map<string, Received>();
  private readonly undrawn = new Set<string>();
  private readonly stateListeners = new Set<() => void>();

  constructor(
    private readonly url: string,
    private readonly listener: LinkListener,
  ) {}

  start(): void {
    this.watchdogTimer = window.setInterval(() => this.watch(), WATCHDOG_TICK_MS);
    this.connect();
  }

  stop(): void {
    window.clearInterval(this.watchdogTimer);
    window.clearTimeout(this.retryTimer);
    window.clearTimeout(this.drawTimer);
    this.drawTimer = undefined;
    this.drop();
  }

  /** Adds a reader of `topic`; the returned function takes it away again. */
  subscribe(topic: string): () => void {
    const readers = this.topics.get(topic) ?? 0;
    this.topics.set(topic, readers + 1);
    if (readers === 0) this.sendTopics();
    return () => {
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) {
        this.topics.set(topic, left);
        return;
      }
      this.topics.delete(topic);
      this.received.delete(topic);
      this.sendTopics();
    };
  }

  /** The newest snapshot of `topic` if it arrived after the `performance.now()` instant `at`. */
  receivedSince(topic: string, at: number): unknown {
    const newest = this.received.get(topic);
    return newest !== undefined && newest.at > at ? newest.data : undefined;
  }

  /** The `performance.now()` instant of the last heartbeat or snapshot, null before the first one. */
  get lastMessageAt(): number | null {
    return this.heardAt;
  }

  readonly getState = (): LinkState => this.state;

  readonly onState = (listener: () => void): (() => void) => {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  };

  private connect(): void {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.connectedAt = performance.now();
    this.openedAt = null;
    socket.onopen = () => {
      this.openedAt = performance.now();
      this.sendTopics();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = ({ code }) => {
      if (code === SESSION_OVER) this.listener.onSessionOver();
      this.reconnect();
    };
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private reconnect(): void {
    this.drop();
    this.setState('stale');
    const ceiling = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** this.attempt);
    this.attempt += 1;
    window.clearTimeout(this.retryTimer);
    // Full jitter: after a restart of the gateway the panels must not all come back at once.
    this.retryTimer = window.setTimeout(() => this.connect(), Math.random() * ceiling);
  }

  /** A frozen server raises no error event: silence is the only sign. */
  private watch(): void {
    const now = performance.now();
    if (this.socket === null) return;
    const allowed = this.openedAt === null ? CONNECT_TIMEOUT_MS : WATCHDOG_MS;
    const quietSince = Math.max(this.connectedAt, this.openedAt ?? 0, this.heardAt ?? 0);
    if (now - quietSince > allowed) this.reconnect();
  }

  private sendTopics(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ subscribe: [...this.topics.keys()] }));
  }

  private receive(frame: unknown): void {
    const message: unknown = typeof frame === 'string' ? JSON.parse(frame) : null;
    if (typeof message !== 'object' || message === null || !('type' in message)) return;
    if (message.type === 'hello' && 'epoch' in message) this.greet(String(message.epoch));
    if (message.type === 'heartbeat' && 'plant_time' in message) {
      this.hear();
      this.listener.onHeartbeat(String(message.plant_time));
    }
    if (message.type === 'snapshot' && 'topic' in message && 'seq' in message && 'data' in message) {
      this.keep(String(message.topic), Number(message.seq), message.data, this.hear());
    }
  }

  /** A greeting alone is no news of the plant: only a heartbeat or a snapshot makes the link live. */
  private hear(): number {
    const now = performance.now();
    this.heardAt = now;
    this.setState('live');
    // Only a connection that has lasted earns a fresh start, else a server that accepts and drops is hammered.
    if (this.openedAt !== null && now - this.openedAt > WATCHDOG_MS) this.attempt = 0;
    return now;
  }

  private greet(epoch: string): void {
    if (this.epoch === epoch) return;
    const restarted = this.epoch !== null;
    this.epoch = epoch;
    this.received.clear();
    if (restarted) this.sendTopics();
  }

  private keep(topic: string, seq: number, data: unknown, at: number): void {
    const newest = this.received.get(topic);
    if (!this.topics.has(topic) || (newest !== undefined && seq < newest.seq)) return;
    this.received.set(topic, { seq, at, data });
    this.undrawn.add(topic);
    if (this.drawTimer !== undefined) return;
    const wait = Math.max(0, this.drawnAt + DRAW_EVERY_MS - at);
    this.drawTimer = window.setTimeout(() => this.draw(), wait);
  }

  private draw(): void {
    this.drawTimer = undefined;
    this.drawnAt = performance.now();
    const topics = [...this.undrawn];
    this.undrawn.clear();
    for (const topic of topics) {
      const newest = this.received.get(topic);
      if (newest !== undefined) this.listener.onSnapshot(topic, newest.data);
    }
  }

  private setState(state: LinkState): void {
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.stateListeners) listener();
  }
}
