import type { EventType, LedgerEvent } from '../../domain/ledger/event.ts';
import { persistently } from '../database/persistence.ts';
import type { StoreDeps } from './store-deps.ts';

/** A delivery that this process is to try now. */
export interface ClaimedDelivery {
  readonly tenantId: string;
  readonly webhookId: string;
  readonly id: string;
  /** Place in the list; a decimal number. */
  readonly ordinal: string;
  /** Names the claim; whoever settles shows it. */
  readonly claim: string;
  readonly type: string;
  /** Tries, this one included. */
  readonly tries: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  readonly url: string;
  /** Sealed, newest first: all that sign now. */
  readonly secrets: readonly Uint8Array[];
  /** Whether its webhook has failed several times in a row. */
  readonly isFailing: boolean;
  /** What it tells of; undefined for a test. */
  readonly event: LedgerEvent | undefined;
}

/** What a try came to, for the books. */
export interface SettledTry {
  readonly kind: 'delivered' | 'retry' | 'dead' | 'gone';
  readonly waitMs: number | null;
  readonly restMs: number | null;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly answer: string | null;
}

/** How much is handed out. */
export interface ClaimLimits {
  readonly claim: string;
  /** Most deliveries. */
  readonly limit: number;
  /** Most of webhooks that keep failing, one of each. */
  readonly failingLimit: number;
  /** About how many deliveries of one tenant all workers together try at a time. */
  readonly perTenant: number;
  /** Most deliveries of one webhook that all workers together try at a time. */
  readonly perWebhook: number;
  /** How long they are this process's, milliseconds; then they are handed out anew. */
  readonly leaseMs: number;
}

/** What waits, over all tenants; counts up to 100,000. */
export interface DeliveryBacklog {
  readonly pending: number;
  readonly dead: number;
  /** For how long the oldest has been due, seconds. */
  readonly overdueSeconds: number;
}

/** What is to be sent, over all tenants; for those who send. */
export interface DeliveryQueue {
  /** Hands out what is due. What one worker has, no other gets before the lease is over. */
  claim(limits: ClaimLimits): Promise<ClaimedDelivery[]>;
  /** Writes down what a try came to; false when its claim has lapsed: then somebody else tries. */
  settle(
    delivery: Pick<ClaimedDelivery, 'ordinal' | 'claim'>,
    outcome: SettledTry,
  ): Promise<boolean>;
  /** For how long nothing becomes due, milliseconds; undefined when nothing waits for a time. */
  idleMs(): Promise<number | undefined>;
  /**
   * Removes what ended long ago, and what is left of removed webhooks.
   *
   * @returns how many deliveries there were, up to `limit` of each kind
   */
  sweep(ages: {
    readonly deliveredSeconds: number;
    readonly deadSeconds: number;
    readonly limit: number;
  }): Promise<number>;
  backlog(): Promise<DeliveryBacklog>;
}

/** Channel on which it is said that something is to be sent; the hint says no more than that. */
export const webhooksChannel = 'conclave_webhooks';

interface ClaimedRow {
  readonly ordinal: string;
  readonly tenant_id: string;
  readonly webhook_id: string;
  readonly id: string;
  readonly type: string;
  readonly tries: number;
  readonly created_at: Date;
  readonly url: string;
  readonly secret: Uint8Array;
  readonly previous_secret: Uint8Array | null;
  readonly is_failing: boolean;
  readonly stream: string | null;
  readonly seq: number;
  readonly event_id: string | null;
  readonly source: string;
  readonly subject: string;
  readonly event_time: Date;
  readonly data: Record<string, unknown>;
  readonly previous_hash: string;
  readonly hash: string;
}

/**
 * Opens the queue of deliveries.
 *
 * @param deps - the database
 */
export function createDeliveryQueue(deps: StoreDeps): DeliveryQueue {
  const { database } = deps;
  return {
    claim: async ({ claim, limit, failingLimit, perTenant, perWebhook, leaseMs }) => {
      const rows = await database.sql<ClaimedRow[]>`
        select * from conclave.webhooks_claim(
          ${claim}, ${limit}, ${failingLimit}, ${perTenant}, ${perWebhook}, ${leaseMs})`;
      return rows.map((row) => claimedOf(row, claim));
    },

    settle: ({ ordinal, claim }, outcome) =>
      persistently(async () => {
        const text = JSON.stringify({ ...outcome, claim });
        const [row] = await database.sql<{ settled: boolean }[]>`
          select conclave.webhook_settle(${ordinal}::bigint, ${text}::text::jsonb)
            as settled`;
        return row?.settled === true;
      }),

    idleMs: async () => {
      const [row] = await database.sql<{ ms: number | null }[]>`
        select conclave.webhooks_idle_ms() as ms`;
      return row?.ms ?? undefined;
    },

    sweep: async ({ deliveredSeconds, deadSeconds, limit }) => {
      const [row] = await database.sql<{ count: number }[]>`
        select conclave.webhooks_sweep(${deliveredSeconds}, ${deadSeconds}, ${limit}) as count`;
      return row?.count ?? 0;
    },

    backlog: async () => {
      const [row] = await database.sql<{ pending: number; dead: number; overdue_s: number }[]>`
        select pending, dead, overdue_s from conclave.webhooks_backlog()`;
      const { pending = 0, dead = 0, overdue_s: overdueSeconds = 0 } = row ?? {};
      return { pending, dead, overdueSeconds };
    },
  };
}

function claimedOf(row: ClaimedRow, claim: string): ClaimedDelivery {
  const { id, ordinal, type, tries, url } = row;
  return {
    ...{ tenantId: row.tenant_id, webhookId: row.webhook_id, id, ordinal, claim, type, tries, url },
    createdAt: row.created_at.toISOString(),
    secrets: [row.secret, ...(row.previous_secret === null ? [] : [row.previous_secret])],
    isFailing: row.is_failing,
    event: eventIn(row),
  };
}

function eventIn(row: ClaimedRow): LedgerEvent | undefined {
  if (row.stream === null || row.event_id === null) return undefined;
  const { seq, source, subject, data, hash, stream } = row;
  return {
    id: row.event_id,
    type: row.type as EventType,
    ...{ source, subject, time: row.event_time.toISOString(), data, stream, seq },
    previousHash: row.previous_hash,
    hash,
  };
}
