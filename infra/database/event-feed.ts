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
