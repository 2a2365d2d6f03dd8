import { endFrame, heartbeatFrame, openingFrame } from './sse-frame.ts';
import { StreamHub } from './stream-hub.ts';
import type { StreamSource } from './stream-hub.ts';

/** What a watcher wants to see. */
export interface WatchRequest {
  /** Key of the stream, unique over all tenants. */
  readonly key: string;
  readonly source: StreamSource;
  /** Number of the last event that the client has. */
  readonly after: number;
  /** Whether streaming text is wanted. */
  readonly live: boolean;
}

/** Time between two looks at a stream without hints, milliseconds. */
const TICK_MS = 5000;
/** A sign of life every so many ticks: 15 s. */
const TICKS_PER_HEARTBEAT = 3;

interface Entry {
  readonly hub: StreamHub;
  watchers: number;
}

/** All streams that are watched through this process. */
export class StreamHubs {
  readonly #entries = new Map<string, Entry>();
  readonly #onFault: (error: unknown) => void;
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * Begins without any stream.
   *
   * @param onFault - told of reads that failed in the background; the next tick tries again
   */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** How many watchers there are. */
  get watchers(): number {
    let sum = 0;
    for (const entry of this.#entries.values()) sum += entry.watchers;
    return sum;
  }

  /**
   * Opens a stream of server-sent events that ends after the seal, when the client goes, or when the
   * process stops. Nothing is read ahead of what the client takes.
   */
  watch(request: WatchRequest): ReadableStream<Uint8Array> {
    const entry = this.#enter(request);
    if (request.live) entry.hub.addLiveWatcher().catch(this.#onFault);
    let leaveWait: () => void = () => undefined;
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      this.#leave(request, entry);
      leaveWait();
    };
    const frames = this.#follow(request, entry.hub, {
      hasLeft: () => hasLeft,
      onLeave: (giveUp) => (leaveWait = giveUp),
    });
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const next = await frames.next();
            if (next.done !== true) {
              controller.enqueue(next.value);
              return;
            }
            leave();
            controller.close();
          } catch (error) {
            leave();
            this.#onFault(error);
            controller.close(); // the client comes back with its Last-Event-ID
          }
        },
        cancel: leave,
      },
      { highWaterMark: 0 },
    );
  }

  /** Looks at every watched stream without a hint; every third time watchers get a sign of life. */
  async tick(): Promise<void> {
    this.#ticks += 1;
    const hubs = [...this.#entries.values()].map((entry) => entry.hub);
    await Promise.all(hubs.map((hub) => hub.tick().catch(this.#onFault)));
    if (this.#ticks % TICKS_PER_HEARTBEAT === 0) for (const hub of hubs) hub.wake();
  }

  /** Ends all streams; their clients come back to another process. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const { hub } of this.#entries.values()) hub.wake();
  }

  async *#follow(
    request: WatchRequest,
    hub: StreamHub,
    stop: { hasLeft: () => boolean; onLeave: (giveUp: () => void) => void },
  ): AsyncGenerator<Uint8Array, undefined> {
    let cursor = request.after;
    let live = hub.liveCount;
    let beats = this.#beats();
    yield openingFrame();
    if (hub.head <= cursor) await hub.refresh();
    while (!stop.hasLeft() && !this.#isClosed) {
      const seen = hub.changes;
      const pieces = request.live ? hub.liveAfter(live) : [];
      live = hub.liveCount;
      const frames = await hub.framesAfter(cursor);
      cursor = frames.at(-1)?.seq ?? cursor;
      const isBeat = beats !== this.#beats();
      beats = this.#beats();
      if (pieces.length + frames.length > 0) {
        yield joined([...pieces, ...frames.map((frame) => frame.bytes)]);
      } else if (hub.isOver) {
        yield endFrame(cursor);
        return undefined;
      } else if (isBeat) {
        yield heartbeatFrame();
      } else {
        await hub.wait(seen, stop.onLeave);
      }
    }
    return undefined;
  }

  #beats(): number {
    return Math.floor(this.#ticks / TICKS_PER_HEARTBEAT);
  }

  #enter(request: WatchRequest): Entry {
    let entry = this.#entries.get(request.key);
    if (entry === undefined) {
      entry = { hub: new StreamHub(request.source, request.after, this.#onFault), watchers: 0 };
      this.#entries.set(request.key, entry);
    }
    entry.watchers += 1;
    this.#timer ??= setInterval(() => void this.tick(), TICK_MS).unref();
    return entry;
  }

  #leave(request: WatchRequest, entry: Entry): void {
    entry.watchers -= 1;
    if (request.live) entry.hub.removeLiveWatcher();
    if (entry.watchers > 0) return;
    entry.hub.close();
    this.#entries.delete(request.key);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}
