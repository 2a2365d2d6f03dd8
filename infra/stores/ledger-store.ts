import type { ChainHead } from '../../domain/ledger/chain.ts';
import type { LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';

/** Names one stream of one tenant. A collaboration's stream is named by its id. */
export interface StreamRef {
  readonly tenantId: string;
  readonly stream: string;
}

/** The ledger: streams of chained events. */
export interface LedgerStore {
  /**
   * Appends events in the order given, all or none, and tells watchers once. Idempotent by event id: an event that
   * exists is returned as stored, whatever came now.
   *
   * @throws NotCanonicalError when the data of one has no canonical JSON; RangeError for a time that is not
   *   RFC 3339 in UTC with milliseconds
   */
  append(input: StreamRef & { readonly events: readonly NewEvent[] }): Promise<LedgerEvent[]>;
  /** Reads events after a number, oldest first. */
  read(
    input: StreamRef & { readonly afterSeq: number; readonly limit: number },
  ): Promise<LedgerEvent[]>;
  /** Reads every event from the first up to and with a number, or to the end. */
  readUpTo(input: StreamRef & { readonly seq?: number }): Promise<LedgerEvent[]>;
  /** Says where the stream ends; number 0 and the genesis hash for a stream without events. */
  head(input: StreamRef): Promise<ChainHead>;
}
