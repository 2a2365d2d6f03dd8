import type { Database, Transaction } from '../database/connection.ts';
import { persistently } from '../database/persistence.ts';
import { isTransient } from '../database/transient-error.ts';
import type { EventForm, Place } from './event-form.ts';

/** One thing to be done to one run, as the database's `perform_batch` takes it. */
export interface Operation {
  readonly k:
    'begin' | 'settle' | 'record' | 'append' | 'open' | 'seal' | 'mark' | 'release' | 'extend';
  /** The stream that it belongs to. */
  readonly s: string;
  readonly ev?: readonly EventForm[];
  readonly [field: string]: unknown;
}

/** A provider account whose limits an operation needs. */
export interface OperationNeeds {
  readonly account?: string;
}

/** What an operation came to; fields depend on `k`. */
export interface OperationResult {
  readonly k?: string;
  readonly places?: readonly Place[];
  readonly [field: string]: unknown;
}

/**
 * Puts operations that arrive together into one transaction. Nothing is delayed for it: what comes within one turn of
 * the event loop, or while earlier transactions of the tenant are under way, goes together.
 */
export interface GroupCommit {
  /**
   * Performs one operation; those of one stream in the order in which they come. A failure of the connection is tried
   * again for about a second and a half, so every operation must be repeatable.
   *
   * @throws what the database said about this very operation; others in its transaction are not touched by it
   */
  perform(tenantId: string, operation: Operation, needs?: OperationNeeds): Promise<OperationResult>;
}

/** What group commit stands on. */
export interface GroupCommitDeps {
  readonly database: Database;
  /** Most transactions of one tenant at once; 2 by default: one is written while the next is gathered and sent. */
  readonly transactionsMax?: number;
}

const transactionsMaxDefault = 2;
const operationsMax = 100;

interface Waiting {
  readonly operation: Operation;
  readonly needs: OperationNeeds;
  readonly resolve: (result: OperationResult) => void;
  readonly reject: (error: unknown) => void;
}

/** One tenant's operations. */
interface Lane {
  waiting: Waiting[];
  /** Streams of the transactions under way: what else happens to them waits, or it would hold its batch up. */
  readonly busy: Set<string>;
  underWay: number;
  isScheduled: boolean;
}

/**
 * Sets group commit up; the stores of a process share one.
 *
 * @param deps - the database, and how many transactions a tenant may have at once
 */
export function createGroupCommit(deps: GroupCommitDeps): GroupCommit {
  const lanes = new Map<string, Lane>();
  const transactionsMax = deps.transactionsMax ?? transactionsMaxDefault;

  function flush(tenantId: string, lane: Lane): void {
    lane.isScheduled = false;
    while (lane.underWay < transactionsMax) {
      const batch = takeBatch(lane);
      if (batch.length === 0) break;
      void run(tenantId, lane, batch);
    }
    if (lane.underWay === 0 && lane.waiting.length === 0) lanes.delete(tenantId);
  }

  async function run(tenantId: string, lane: Lane, batch: readonly Waiting[]): Promise<void> {
    lane.underWay += 1;
    for (const { operation } of batch) lane.busy.add(operation.s);
    await performBatch(deps.database, tenantId, batch);
    for (const { operation } of batch) lane.busy.delete(operation.s);
    lane.underWay -= 1;
    flush(tenantId, lane);
  }

  return {
    perform: (tenantId, operation, needs = {}) =>
      new Promise((resolve, reject) => {
        const lane = lanes.get(tenantId) ?? newLane();
        lanes.set(tenantId, lane);
        lane.waiting.push({ operation, needs, resolve, reject });
        if (lane.isScheduled) return;
        lane.isScheduled = true;
        setImmediate(flush, tenantId, lane);
      }),
  };
}

function newLane(): Lane {
  return { waiting: [], busy: new Set(), underWay: 0, isScheduled: false };
}

function takeBatch(lane: Lane): Waiting[] {
  const batch: Waiting[] = [];
  const rest: Waiting[] = [];
  for (const waiting of lane.waiting) {
    const fits = batch.length < operationsMax && !lane.busy.has(waiting.operation.s);
    (fits ? batch : rest).push(waiting);
  }
  lane.waiting = rest;
  return batch;
}

/** Settles every member; never rejects itself. */
async function performBatch(
  database: Database,
  tenantId: string,
  batch: readonly Waiting[],
): Promise<void> {
  try {
    const results = await send(database, tenantId, batch);
    batch.forEach((waiting, index) => {
      waiting.resolve(results[index] ?? {});
    });
  } catch (error) {
    if (batch.length === 1 || isTransient(error)) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    // One of them is at fault and all were undone: each on its own, in their order.
    for (const waiting of batch) await performBatch(database, tenantId, [waiting]);
  }
}

async function send(
  database: Database,
  tenantId: string,
  batch: readonly Waiting[],
): Promise<OperationResult[]> {
  const text = JSON.stringify(batchDocument(batch));
  const rows = await persistently(
    () => database.sql<{ op: number; result: OperationResult }[]>`
      select op, result from conclave.perform_batch(${tenantId}, ${text}::text::jsonb)`,
  );
  const results: OperationResult[] = [];
  for (const row of rows) results[row.op] = row.result;
  return results;
}

/**
 * Performs one operation as a part of a transaction that looks at more than its stream.
 *
 * @param sql - a transaction of the tenant
 * @param tenantId - whose stream
 * @param operation - what to do
 * @returns what it came to, once the transaction is committed
 */
export async function performWithin(
  sql: Transaction,
  tenantId: string,
  operation: Operation,
): Promise<OperationResult> {
  const text = JSON.stringify(batchDocument([{ operation, needs: {} }]));
  const [row] = await sql<{ result: OperationResult }[]>`
    select result from conclave.perform_batch(${tenantId}, ${text}::text::jsonb)`;
  return row?.result ?? {};
}

function batchDocument(
  batch: readonly Pick<Waiting, 'operation' | 'needs'>[],
): Record<string, unknown> {
  const streams = new Set<string>();
  const created = new Set<string>();
  const accounts = new Set<string>();
  for (const { operation, needs } of batch) {
    if (operation.k === 'append') created.add(operation.s);
    // Opening makes its own head, and marking touches nothing that the head guards.
    if (operation.k !== 'open' && operation.k !== 'mark') streams.add(operation.s);
    if (needs.account !== undefined) accounts.add(needs.account);
  }
  const isLasting = batch.some(({ operation }) => operation.k !== 'begin');
  return {
    ops: batch.map(({ operation }) => operation),
    ...(isLasting ? { lasting: true } : {}),
    streams: [...streams],
    ...(created.size > 0 ? { new: [...created] } : {}),
    ...(accounts.size > 0 ? { accounts: [...accounts] } : {}),
  };
}
