import type { Transaction } from '../database/connection.ts';
import { webhooksChannel } from './delivery-queue.ts';
import type { StoreDeps } from './store-deps.ts';

/** States of a delivery. */
export const deliveryStates = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** What is told to one webhook of one event, and how far that is. */
export interface Delivery {
  /** What its requests carry as `webhook-id`. */
  readonly id: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly tries: number;
  /** The event it tells of; null for a test. */
  readonly event: { readonly stream: string; readonly seq: number } | null;
  /** RFC 3339, UTC, milliseconds, like all times here. */
  readonly createdAt: string;
  /** When it is tried next; null when it is not, or is being tried now. */
  readonly nextTryAt: string | null;
  readonly endedAt: string | null;
  /** What the last try came to; null when there was none since it was asked for, or asked for again. */
  readonly last: {
    readonly at: string;
    readonly tookMs: number;
    readonly status: number | null;
    /** Why there was no answer; `webhook-off` when it died untried, with its webhook. */
    readonly error: string | null;
    /** Beginning of the answer's body. */
    readonly answer: string | null;
  } | null;
  /** Place in the list; a decimal number. */
  readonly ordinal: string;
}

/** Which webhook of which tenant. */
export interface WebhookRef {
  readonly tenantId: string;
  readonly webhookId: string;
}

/** What is told to a tenant's webhooks. */
export interface DeliveryStore {
  /** Lists deliveries, newest first, from before `beforeOrdinal` on. */
  list(
    input: WebhookRef & {
      readonly state?: DeliveryState;
      readonly beforeOrdinal?: string;
      readonly limit: number;
    },
  ): Promise<Delivery[]>;
  get(webhook: WebhookRef, id: string): Promise<Delivery | undefined>;
  /** Asks for a notice that tells of no event. */
  addTest(webhook: WebhookRef, delivery: { id: string; type: string }): Promise<Delivery>;
  /** Has one sent again, from the first try on; one that is on its way is left as it is. */
  redeliver(webhook: WebhookRef, id: string): Promise<Delivery | undefined>;
  /** Has the oldest dead ones sent again, {@link redeliveredMax} at most; answers how many those were. */
  redeliverDead(webhook: WebhookRef): Promise<number>;
}

/** Most deliveries that one request has sent again. */
export const redeliveredMax = 10_000;

interface DeliveryRow {
  readonly id: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly stream_id: string | null;
  readonly seq: number | null;
  readonly created_at: Date;
  readonly next_try_at: Date | null;
  readonly ended_at: Date | null;
  readonly tried_at: Date | null;
  readonly took_ms: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly answer: string | null;
  readonly ordinal: string;
}

/**
 * Opens the store of deliveries.
 *
 * @param deps - the database
 */
export function createDeliveryStore(deps: StoreDeps): DeliveryStore {
  const { database } = deps;
  return {
    list: ({ tenantId, webhookId, state = null, beforeOrdinal = null, limit }) =>
      database.withTenant(tenantId, async (sql) => {
        const rows = await sql<DeliveryRow[]>`
          select ${columns(sql)} from conclave.webhook_deliveries
          where tenant_id = ${tenantId} and webhook_id = ${webhookId}
            ${state === null ? sql`` : sql`and state = ${state}`}
            ${beforeOrdinal === null ? sql`` : sql`and ordinal < ${beforeOrdinal}::bigint`}
          order by ordinal desc limit ${limit}`;
        return rows.map(deliveryOf);
      }),

    get: (webhook, id) => database.withTenant(webhook.tenantId, (sql) => read(sql, webhook, id)),

    addTest: (webhook, { id, type }) =>
      database.withTenant(webhook.tenantId, async (sql) => {
        await sql`
          insert into conclave.webhook_deliveries (tenant_id, webhook_id, id, type)
          values (${webhook.tenantId}, ${webhook.webhookId}, ${id}, ${type})
          on conflict do nothing`;
        await wakeSenders(sql);
        const delivery = await read(sql, webhook, id);
        if (delivery === undefined) throw new Error(`delivery ${id}: written and not there`);
        return delivery;
      }),

    redeliver: (webhook, id) =>
      database.withTenant(webhook.tenantId, async (sql) => {
        await sql`
          update conclave.webhook_deliveries
          set ${anew(sql)}
          where tenant_id = ${webhook.tenantId} and webhook_id = ${webhook.webhookId}
            and id = ${id} and state <> 'pending'`;
        await wakeSenders(sql);
        return await read(sql, webhook, id);
      }),

    redeliverDead: ({ tenantId, webhookId }) =>
      database.withTenant(tenantId, async (sql) => {
        const { count } = await sql`
          update conclave.webhook_deliveries
          set ${anew(sql)}
          where state = 'dead' and ctid = any (array(
            select ctid from conclave.webhook_deliveries
            where tenant_id = ${tenantId} and webhook_id = ${webhookId} and state = 'dead'
            order by ordinal limit ${redeliveredMax} for update skip locked))`;
        if (count > 0) await wakeSenders(sql);
        return count;
      }),
  };
}

/** From the first try on, as if there had been none before. */
function anew(sql: Transaction) {
  return sql`state = 'pending', tries = 0, due_at = now(), ended_at = null, tried_at = null, took_ms = null,
    status = null, error = null, answer = null`;
}

async function wakeSenders(sql: Transaction): Promise<void> {
  await sql`select pg_notify(${webhooksChannel}, '')`;
}

async function read(
  sql: Transaction,
  { tenantId, webhookId }: WebhookRef,
  id: string,
): Promise<Delivery | undefined> {
  const [row] = await sql<DeliveryRow[]>`
    select ${columns(sql)} from conclave.webhook_deliveries
    where tenant_id = ${tenantId} and webhook_id = ${webhookId} and id = ${id}`;
  return row === undefined ? undefined : deliveryOf(row);
}

function columns(sql: Transaction) {
  return sql`id, type, state, tries, stream_id, seq, created_at, ended_at, tried_at, took_ms, status,
    error, answer, ordinal, case when state = 'pending' and claim is null then due_at end as next_try_at`;
}

function deliveryOf(row: DeliveryRow): Delivery {
  const { id, type, state, tries, status, error, answer, ordinal } = row;
  return {
    ...{ id, type, state, tries },
    event: row.stream_id === null ? null : { stream: row.stream_id, seq: row.seq ?? 0 },
    createdAt: row.created_at.toISOString(),
    nextTryAt: row.next_try_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    last:
      row.tried_at === null
        ? null
        : { at: row.tried_at.toISOString(), tookMs: row.took_ms ?? 0, status, error, answer },
    ordinal,
  };
}
