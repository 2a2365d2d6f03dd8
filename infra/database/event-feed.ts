import type { Database } from './connection.ts';

/** What calls of a run are to stop. */
export interface CancelledTurns {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly turns: readonly string[];
}

/** Ends one watch. Calling it twice does no harm. */
export type Unwatch = () => void;

/** Most bytes of a live payload: the server takes 8000 with the names before it. */
export const livePayloadBytesMax = 7168;

/**
 * What happens in other processes, as hints: a hint may come late, twice or for nothing, and after a lost connection every
 * watcher gets one. The truth is in the tables. One connection per process, whatever the number of watchers.
 */
export interface EventFeed {
  /** Calls `onHint` when a stream may have grown. */
  watch(tenantId: string, stream: string, onHint: () => void): Unwatch;
  /** Hears which turns were cancelled, anywhere. */
  watchCancelled(onCancelled: (cancelled: CancelledTurns) => void): Unwatch;
  /** Hears live payloads of a stream; what is sent while the connection is down is lost. */
  watchLive(tenantId: string, stream: string, onPayload: (payload: string) => void): Unwatch;
  /**
   * Sends a live payload to every watcher of a stream, this process included.
   *
   * @throws RangeError when it has more than {@link livePayloadBytesMax} bytes
   */
  publishLive(tenantId: string, stream: string, payload: string): Promise<void>;
  /** Stops hearing; the database stays open. */
  close(): Promise<void>;
}

/** What a feed stands on. */
export interface EventFeedDeps {
  readonly database: Database;
}

const ledgerChannel = 'conclave_events';
const cancelledChannel = 'conclave_cancelled';
const liveChannel = 'conclave_live';

/**
 * Begins to hear. Returns at once; watchers get their first hint when the connection is there.
 *
 * @param deps - the database
 */
export function createEventFeed(deps: EventFeedDeps): EventFeed {
  const { database } = deps;
  const ledger = createWatchers<undefined>();
  const live = createWatchers<string>();
  const cancelled = createWatchers<CancelledTurns>();
  const everything = '';
  const channels: Channel[] = [
    {
      name: liveChannel,
      hear: (payload) => {
        hearLive(live, payload);
      },
      onListening: () => undefined,
    },
    {
      name: cancelledChannel,
      hear: (payload) => {
        cancelled.tell(everything, cancelledIn(payload));
      },
      onListening: () => undefined,
    },
    // The last, so that whoever is told that it is heard is told so of all.
    {
      name: ledgerChannel,
      hear: (payload) => {
        ledger.tell(streamIn(payload), undefined);
      },
      // What was missed is in the ledger; what was missed live is lost.
      onListening: () => {
        ledger.tellAll(undefined);
      },
    },
  ];
  // A first attempt that fails is made again by the driver, as is every lost connection.
  const listening = channels.map(({ name, hear, onListening }) =>
    database.listen(name, hear, onListening).catch(() => undefined),
  );

  return {
    watch: (tenantId, stream, onHint) => ledger.add(`${tenantId} ${stream}`, onHint),
    watchCancelled: (onCancelled) => cancelled.add(everything, onCancelled),
    watchLive: (tenantId, stream, onPayload) => live.add(`${tenantId} ${stream}`, onPayload),
    publishLive: async (tenantId, stream, payload) => {
      const bytes = Buffer.byteLength(payload);
      if (bytes > livePayloadBytesMax) {
        throw new RangeError(
          `live payload: got ${String(bytes)} bytes, expected at most ${String(livePayloadBytesMax)}`,
        );
      }
      await database.sql`select pg_notify(${liveChannel}, ${`${tenantId} ${stream} ${payload}`})`;
    },
    close: async () => {
      for (const watchers of [ledger, live, cancelled]) watchers.clear();
      const unlisten = await Promise.all(listening);
      // Without a connection there is nothing to stop hearing.
      await Promise.allSettled(unlisten.map(async (stop) => stop?.()));
    },
  };
}

interface Channel {
  readonly name: string;
  readonly hear: (payload: string) => void;
  /** The connection was made, for the first time or anew. */
  readonly onListening: () => void;
}

interface Watchers<Payload> {
  add(key: string, watcher: (payload: Payload) => void): Unwatch;
  tell(key: string, payload: Payload): void;
  tellAll(payload: Payload): void;
  clear(): void;
}

function createWatchers<Payload>(): Watchers<Payload> {
  const byKey = new Map<string, Set<(payload: Payload) => void>>();
  return {
    add: (key, given) => {
      // A function of its own, so that one callback given twice is two watches.
      const watcher = (payload: Payload): void => {
        given(payload);
      };
      const watchers = byKey.get(key) ?? new Set();
      byKey.set(key, watchers.add(watcher));
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0 && byKey.get(key) === watchers) byKey.delete(key);
      };
    },
    tell: (key, payload) => {
      for (const watcher of byKey.get(key) ?? []) watcher(payload);
    },
    tellAll: (payload) => {
      for (const watchers of byKey.values()) for (const watcher of watchers) watcher(payload);
    },
    clear: () => {
      byKey.clear();
    },
  };
}

/** `<tenant> <stream> <seq>` without its number. */
function streamIn(payload: string): string {
  return payload.slice(0, payload.lastIndexOf(' '));
}

function hearLive(live: Watchers<string>, payload: string): void {
  const [tenantId = '', stream = ''] = payload.split(' ', 2);
  const key = `${tenantId} ${stream}`;
  live.tell(key, payload.slice(key.length + 1));
}

function cancelledIn(payload: string): CancelledTurns {
  const [tenantId = '', collaborationId = '', turns = ''] = payload.split(' ');
  return { tenantId, collaborationId, turns: turns.split(',') };
}
