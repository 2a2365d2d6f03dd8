import type { EventType, LedgerEvent } from '../../domain/ledger/event.ts';
import type { Transaction } from '../database/connection.ts';

/** Which events of a stream to read: numbers from `fromSeq` to `toSeq`, both included. */
export interface EventRange {
  readonly tenantId: string;
  readonly stream: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly limit: number;
}

/** Largest number that a stream can reach. */
const seqMax = 2_147_483_647;

/** The range of a whole stream. */
export const wholeStream = { fromSeq: 1, toSeq: seqMax, limit: seqMax } as const;

interface EventRow {
  readonly id: string;
  readonly type: EventType;
  readonly source: string;
  readonly subject: string;
  readonly time: Date;
  readonly data: Record<string, unknown>;
  readonly seq: number;
  readonly previous_hash: string;
  readonly hash: string;
}

/**
 * Reads events in order.
 *
 * @param sql - a transaction of the tenant
 * @param range - which
 */
export async function readEvents(sql: Transaction, range: EventRange): Promise<LedgerEvent[]> {
  const rows = await sql<EventRow[]>`
    select id, type, source, subject, time, data, seq,
      encode(previous_hash, 'hex') as previous_hash, encode(hash, 'hex') as hash
    from conclave.events
    where tenant_id = ${range.tenantId} and stream_id = ${range.stream}
      and seq between ${range.fromSeq} and ${range.toSeq}
    order by seq limit ${range.limit}`;
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    source: row.source,
    subject: row.subject,
    time: row.time.toISOString(),
    data: row.data,
    stream: range.stream,
    seq: row.seq,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

/**
 * Looks an event up by its id.
 *
 * @param sql - a transaction of the tenant
 * @param at - where
 * @param at.tenantId - its tenant
 * @param at.stream - its stream
 * @param id - as its writer gave it
 */
export async function readEventNamed(
  sql: Transaction,
  at: Pick<EventRange, 'tenantId' | 'stream'>,
  id: string,
): Promise<LedgerEvent | undefined> {
  const [found] = await sql<{ seq: number }[]>`
    select seq from conclave.events
    where tenant_id = ${at.tenantId} and stream_id = ${at.stream} and id = ${id}`;
  if (found === undefined) return undefined;
  const [event] = await readEvents(sql, { ...at, fromSeq: found.seq, toSeq: found.seq, limit: 1 });
  return event;
}
