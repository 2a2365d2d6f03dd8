import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { eventFrame, liveFrame } from './sse-frame.ts';
import type { LiveText } from './sse-frame.ts';

/** Where a hub gets one stream's events from, and who tells it that there are more. */
export interface StreamSource {
  /** Reads events after a number, in order. */
  read(after: number, limit: number): Promise<readonly LedgerEvent[]>;
  /** Whether what it tells of has ended, sealed or not. */
  isOver(): Promise<boolean>;
  /** Calls back at every hint that there is more to read, and at every piece of streaming text. */
  subscribe(listener: { onHint: () => void; onLive: (live: LiveText) => void }): () => void;
  /** Tells the workers that somebody watches, so that they publish streaming text. */
  announceInterest(): Promise<void>;
}

/** An event of the ledger, encoded once for all watchers. */
export interface Frame {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Nothing follows it. */
  readonly isLast: boolean;
}

/** After these nothing follows in a stream. */
const lastTypes: readonly LedgerEvent['type'][] = [
  'conclave.decision.sealed.v1',
  'conclave.sandbox.ended.v1',
];
/** Most events read at once. */
const PAGE_EVENTS = 200;
/** Most events kept for watchers that lag a little; others read from the ledger again. */
const KEPT_FRAMES = 500;
const KEPT_BYTES = 4_000_000;
/** Most pieces of streaming text kept; whoever lags more misses text that the ledger will have. */
const KEPT_LIVE = 64;
/** Streaming text is gathered for this long, so that a token is not a packet. */
const LIVE_GATHER_MS = 30;

/**
 * Follows one stream for all its watchers in this process: every event is read once and encoded once,
 * however many watch. Watchers pull at their own pace, so a slow one holds nothing but its place.
 */
export class StreamHub {
  readonly #source: StreamSource;
  readonly #unsubscribe: () => void;
  readonly #frames: Frame[] = [];
  #keptBytes = 0;
  #head: number;
  #isOver = false;
  #reading: Promise<void> | undefined;
  #isHinted = false;
  readonly #pages = new Map<number, Promise<readonly Frame[]>>();
  #live: { number: number; bytes: Uint8Array }[] = [];
  #liveCount = 0;
  readonly #gathered = new Map<string, LiveText>();
  #gathering: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  #liveWatchers = 0;
  #changes = 0;

  /**
   * Begins to follow.
   *
   * @param source - reads the events and brings the hints
   * @param after - number from which the first watcher wants to read on; not beyond the stream's end
   * @param onFault - told of reads that failed after a hint; the next hint or tick tries again
   */
  constructor(source: StreamSource, after: number, onFault: (error: unknown) => void) {
    this.#source = source;
    this.#head = after;
    this.#unsubscribe = source.subscribe({
      onHint: () => {
        this.refresh().catch(onFault);
      },
      onLive: (live) => {
        this.#gather(live);
      },
    });
  }

  /** Whether nothing will come after what was read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Number of the last event that was read. */
  get head(): number {
    return this.#head;
  }

  /** Number of the last piece of streaming text. */
  get liveCount(): number {
    return this.#liveCount;
  }

  /** Grows with everything that a watcher might want to see; take it before looking, see {@link wait}. */
  get changes(): number {
    return this.#changes;
  }

  /** Counts a watcher that wants streaming text; the first one makes the workers publish it. */
  async addLiveWatcher(): Promise<void> {
    this.#liveWatchers += 1;
    if (this.#liveWatchers === 1) await this.#source.announceInterest();
  }

  /** Takes back {@link addLiveWatcher}. */
  removeLiveWatcher(): void {
    this.#liveWatchers -= 1;
  }

  /** Gives the events after a number, from memory or, for those who lag, from the ledger. */
  async framesAfter(after: number): Promise<readonly Frame[]> {
    if (after >= this.#head) return [];
    const first = this.#frames[0];
    if (first !== undefined && first.seq <= after + 1) {
      return this.#frames.slice(after + 1 - first.seq);
    }
    return await this.#page(after);
  }

  /** Gives the pieces of streaming text after a count, as far as they are still kept. */
  liveAfter(count: number): readonly Uint8Array[] {
    return this.#live.filter((piece) => piece.number > count).map((piece) => piece.bytes);
  }

  /** Reads on from the last event. Calls while a read runs share the one that follows it. */
  async refresh(): Promise<void> {
    this.#isHinted = true;
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /** The net below the hints: reads on, learns of an end without a seal, renews the interest. */
  async tick(): Promise<void> {
    const before = this.#head;
    const isOver = await this.#source.isOver();
    await this.refresh();
    if (this.#liveWatchers > 0 && !this.#isOver) await this.#source.announceInterest();
    if (isOver && this.#head === before && !this.#isOver) {
      this.#isOver = true;
      this.wake();
    }
  }

  /**
   * Resolves when something has changed since a look, at once when it has already.
   *
   * @param since - `changes` before the look
   * @param onLeave - gets the way to give up waiting
   */
  async wait(since: number, onLeave: (leave: () => void) => void): Promise<void> {
    if (since !== this.#changes) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      onLeave(wake);
    });
  }

  /** Lets everybody who waits look again. */
  wake(): void {
    this.#changes += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Stops following; no watcher may be left. */
  close(): void {
    this.#unsubscribe();
    clearTimeout(this.#gathering);
    this.wake();
  }

  async #readOn(): Promise<void> {
    while (this.#isHinted) {
      this.#isHinted = false;
      const events = await this.#source.read(this.#head, PAGE_EVENTS);
      if (events.length === PAGE_EVENTS) this.#isHinted = true;
      if (events.length === 0) continue;
      this.#flushLive(); // text that came before an event is shown before it
      this.#keep(events.map(frameOf));
      this.wake();
    }
  }

  #keep(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#frames.push(frame);
      this.#keptBytes += frame.bytes.byteLength;
      this.#head = frame.seq;
      if (frame.isLast) this.#isOver = true;
    }
    while (this.#frames.length > KEPT_FRAMES || this.#keptBytes > KEPT_BYTES) {
      const dropped = this.#frames.shift();
      if (dropped === undefined) return;
      this.#keptBytes -= dropped.bytes.byteLength;
    }
  }

  #page(after: number): Promise<readonly Frame[]> {
    const running = this.#pages.get(after);
    if (running !== undefined) return running;
    const page = this.#source
      .read(after, PAGE_EVENTS)
      .then((events) => events.map(frameOf))
      .finally(() => this.#pages.delete(after));
    this.#pages.set(after, page);
    return page;
  }

  #gather(live: LiveText): void {
    const before = this.#gathered.get(live.turn)?.text ?? '';
    this.#gathered.set(live.turn, { ...live, text: before + live.text });
    this.#gathering ??= setTimeout(() => {
      this.#flushLive();
      this.wake();
    }, LIVE_GATHER_MS);
  }

  #flushLive(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    for (const live of this.#gathered.values()) {
      this.#liveCount += 1;
      this.#live.push({ number: this.#liveCount, bytes: liveFrame(live) });
    }
    this.#gathered.clear();
    this.#live = this.#live.slice(-KEPT_LIVE);
  }
}

function frameOf(event: LedgerEvent): Frame {
  return {
    seq: event.seq,
    bytes: eventFrame(event),
    isLast: lastTypes.includes(event.type),
  };
}
