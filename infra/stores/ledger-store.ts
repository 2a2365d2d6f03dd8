import { emptyHead } from '../../domain/ledger/chain.ts';
import type { ChainHead } from '../../domain/ledger/chain.ts';
import type { LedgerEvent, NewEvent } from '../../domain/ledger/event.ts';
import type { Database } from '../database/connection.ts';
import { eventForm, placedEvent } from './event-form.ts';
import { readEventNamed, readEvents, wholeStream } from './event-rows.ts';
import { performWithin } from './group-commit.ts';
import type { OperationResult } from './group-commit.ts';
import type { RunStoreDeps } from './store-deps.ts';

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
  /**
   * Appends an event to a stream that has not ended. Idempotent like {@link LedgerStore.append}.
   *
   * @returns the event that ends the stream where that came first, and nothing is appended; else the one appended, as stored
   * @throws the same as {@link LedgerStore.append}
   */
  appendBefore(
    input: StreamRef & {
      readonly event: NewEvent;
      /** Id of the event that ends the stream. */
      readonly end: string;
    },
  ): Promise<LedgerEvent>;
  /** Reads events after a number, oldest first. */
  read(
    input: StreamRef & { readonly afterSeq: number; readonly limit: number },
  ): Promise<LedgerEvent[]>;
  /** Reads every event from the first up to and with a number, or to the end. */
  readUpTo(input: StreamRef & { readonly seq?: number }): Promise<LedgerEvent[]>;
  /** Says where the stream ends; number 0 and the genesis hash for a stream without events. */
  head(input: StreamRef): Promise<ChainHead>;
}

/**
 * Opens the ledger.
 *
 * @param deps - the database, and the group commit that this process's stores share
 */
export function createLedgerStore(deps: RunStoreDeps): LedgerStore {
  const { database, groupCommit } = deps;
  const read: LedgerStore['read'] = ({ tenantId, stream, afterSeq, limit }) =>
    database.withTenant(tenantId, (sql) =>
      readEvents(sql, { ...wholeStream, tenantId, stream, fromSeq: afterSeq + 1, limit }),
    );

  return {
    read,

    append: async ({ tenantId, stream, events }) => {
      if (events.length === 0) return [];
      const result = await groupCommit.perform(tenantId, {
        k: 'append',
        s: stream,
        ev: events.map((event) => eventForm(event, stream)),
      });
      return asStored(database, { tenantId, stream, events }, result);
    },

    appendBefore: async ({ tenantId, stream, event, end }) => {
      const operation = { k: 'append', s: stream, ev: [eventForm(event, stream)] } as const;
      const came = await database.withTenant(tenantId, async (sql) => {
        // Whoever appends takes the head first: nobody ends the stream between the look and the event.
        await sql`
          select from conclave.streams where tenant_id = ${tenantId} and id = ${stream} for update`;
        const ended = await readEventNamed(sql, { tenantId, stream }, end);
        return ended === undefined
          ? { appended: await performWithin(sql, tenantId, operation) }
          : { ended };
      });
      if (came.ended !== undefined) return came.ended;
      const at = { tenantId, stream, events: [event] };
      const [stored] = await asStored(database, at, came.appended);
      if (stored === undefined) throw new Error(`append to ${stream}: ${event.id} is not there`);
      return stored;
    },

    readUpTo: ({ tenantId, stream, seq = wholeStream.toSeq }) =>
      database.withTenant(tenantId, (sql) =>
        readEvents(sql, { ...wholeStream, tenantId, stream, toSeq: seq }),
      ),

    head: ({ tenantId, stream }) =>
      database.withTenant(tenantId, async (sql) => {
        const [row] = await sql<{ seq: number; hash: string }[]>`
          select seq, encode(hash, 'hex') as hash from conclave.streams
          where tenant_id = ${tenantId} and id = ${stream}`;
        return row === undefined ? emptyHead : { seq: row.seq, hash: row.hash };
      }),
  };
}

/**
 * Answers events as the ledger has them after an append: an event that was there before is read, since it may say something else.
 *
 * @param database - where to read
 * @param input - what was appended
 * @param result - what the append came to
 */
export async function asStored(
  database: Database,
  input: StreamRef & { readonly events: readonly NewEvent[] },
  result: OperationResult,
): Promise<LedgerEvent[]> {
  const places = result.places ?? [];
  const known = places.filter(([, , , wasThere]) => wasThere).map(([seq]) => seq);
  const stored =
    known.length === 0
      ? []
      : await database.withTenant(input.tenantId, (sql) =>
          readEvents(sql, {
            ...input,
            fromSeq: Math.min(...known),
            toSeq: Math.max(...known),
            limit: wholeStream.limit,
          }),
        );
  return input.events.flatMap((event, index) => {
    const place = places[index];
    if (place === undefined) throw new Error(`append to ${input.stream}: no place for ${event.id}`);
    const [seq, , , wasThere] = place;
    if (!wasThere) return [placedEvent(event, input.stream, place)];
    return stored.filter((candidate) => candidate.seq === seq);
  });
}
