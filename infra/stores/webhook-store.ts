import type { Transaction } from '../database/connection.ts';
import type { StoreDeps } from './store-deps.ts';

/** States of a webhook that is there: `off` since its receiver answered 410, or failed for five days. */
export const webhookStates = ['active', 'off'] as const;
export type WebhookState = (typeof webhookStates)[number];

/** A webhook as its tenant sees it: without secrets. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** Types of events, or `*` alone for all. */
  readonly events: readonly string[];
  readonly description: string | null;
  readonly state: WebhookState;
  /** Since when it is in this state. RFC 3339, UTC, milliseconds, like all times here. */
  readonly stateSince: string;
  /** Tries that failed since the last one that did not. */
  readonly failures: number;
  readonly createdAt: string;
  /** Until when the secret before the present one signs too; null when there is none. */
  readonly previousSecretUntil: string | null;
}

/** A webhook as it is registered. */
export interface NewWebhook extends Pick<Webhook, 'id' | 'url' | 'events' | 'description'> {
  readonly tenantId: string;
  /** The secret, sealed for this place. */
  readonly secret: Buffer;
}

/** The webhooks of a tenant. Those that were removed are not there any more for any method. */
export interface WebhookStore {
  /** Registers a webhook; undefined when the tenant has {@link webhooksMax} already. */
  add(input: NewWebhook): Promise<Webhook | undefined>;
  get(tenantId: string, id: string): Promise<Webhook | undefined>;
  /** Lists webhooks in order of registration. */
  list(tenantId: string): Promise<Webhook[]>;
  /** Ends a webhook with all that waits for it; false when there is none of that id. */
  remove(tenantId: string, id: string): Promise<boolean>;
  /** Switches a webhook on again; what happened while it was off is not told. */
  activate(tenantId: string, id: string): Promise<Webhook | undefined>;
  /** Replaces the secret; the present one signs too for `overlapMs` more, the one before it no longer. */
  renewSecret(input: {
    readonly tenantId: string;
    readonly id: string;
    readonly secret: Buffer;
    readonly overlapMs: number;
  }): Promise<Webhook | undefined>;
}

/** Most webhooks of a tenant. */
export const webhooksMax = 20;

/** Any constant does that no other lock of ours begins with. */
const countLock = 7402;

interface WebhookRow {
  readonly id: string;
  readonly url: string;
  readonly events: string[];
  readonly description: string | null;
  readonly state: WebhookState;
  readonly state_since: Date;
  readonly failures: number;
  readonly created_at: Date;
  readonly previous_until: Date | null;
}

/**
 * Opens the store of webhooks.
 *
 * @param deps - the database
 */
export function createWebhookStore(deps: StoreDeps): WebhookStore {
  const { database } = deps;
  return {
    add: (input) =>
      database.withTenant(input.tenantId, async (sql) => {
        const { tenantId, id, url, description, secret } = input;
        // Two at once would each count without the other.
        await sql`select pg_advisory_xact_lock(${countLock}, hashtext(${tenantId}))`;
        if ((await readAll(sql, tenantId)).length >= webhooksMax) return undefined;
        await sql`
          insert into conclave.webhooks (tenant_id, id, url, events, description, secret)
          values (${tenantId}, ${id}, ${url},
            array(select json_array_elements_text(${JSON.stringify(input.events)}::text::json)),
            ${description}, ${secret})`;
        return await readOne(sql, tenantId, id);
      }),

    get: (tenantId, id) => database.withTenant(tenantId, (sql) => readOne(sql, tenantId, id)),

    list: (tenantId) => database.withTenant(tenantId, (sql) => readAll(sql, tenantId)),

    remove: (tenantId, id) =>
      database.withTenant(tenantId, async (sql) => {
        const { count } = await sql`
          update conclave.webhooks set state = 'deleted', state_since = now()
          where tenant_id = ${tenantId} and id = ${id} and state <> 'deleted'`;
        return count > 0;
      }),

    activate: (tenantId, id) =>
      database.withTenant(tenantId, async (sql) => {
        await sql`
          update conclave.webhooks
          set state = 'active', state_since = now(), failures = 0, failing_since = null, resting_until = null
          where tenant_id = ${tenantId} and id = ${id} and state = 'off'`;
        return await readOne(sql, tenantId, id);
      }),

    renewSecret: ({ tenantId, id, secret, overlapMs }) =>
      database.withTenant(tenantId, async (sql) => {
        await sql`
          update conclave.webhooks set previous_secret = secret, secret = ${secret},
            previous_until = now() + ${overlapMs}::integer * interval '1 millisecond'
          where tenant_id = ${tenantId} and id = ${id} and state <> 'deleted'`;
        return await readOne(sql, tenantId, id);
      }),
  };
}

async function readOne(
  sql: Transaction,
  tenantId: string,
  id: string,
): Promise<Webhook | undefined> {
  return (await readAll(sql, tenantId, id))[0];
}

async function readAll(sql: Transaction, tenantId: string, id?: string): Promise<Webhook[]> {
  const rows = await sql<WebhookRow[]>`
    select id, url, to_json(events) as events, description, state, state_since, failures, created_at,
      case when previous_until > now() then previous_until end as previous_until
    from conclave.webhooks
    where tenant_id = ${tenantId} and state <> 'deleted' and id = coalesce(${id ?? null}, id)
    order by created_at, id`;
  return rows.map((row) => ({
    id: row.id,
    url: row.url,
    events: row.events,
    description: row.description,
    state: row.state,
    stateSince: row.state_since.toISOString(),
    failures: row.failures,
    createdAt: row.created_at.toISOString(),
    previousSecretUntil: row.previous_until?.toISOString() ?? null,
  }));
}
