import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import type { ClaimLimits, SettledTry } from '../../../infra/stores/delivery-queue.ts';
import type { WebhookRef } from '../../../infra/stores/delivery-store.ts';
import type { NewWebhook } from '../../../infra/stores/webhook-store.ts';
import { eventNamed } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';

/** A webhook of tenant `one` as registering makes it; its secret is not a real one. */
export function webhookNamed(id: string, more: Partial<NewWebhook> = {}): NewWebhook {
  return {
    tenantId: 'one',
    id,
    url: 'http://127.0.0.1:9/hook',
    events: ['*'],
    description: null,
    secret: Buffer.from('sealed'),
    ...more,
  };
}

/** Limits of a claim that takes everything for a minute. */
export function claiming(claim: string, more: Partial<ClaimLimits> = {}): ClaimLimits {
  const most = 1000;
  const limits = { limit: most, failingLimit: most, perTenant: most, perWebhook: most };
  return { claim, ...limits, leaseMs: 60_000, ...more };
}

/** What a try came to: a success, unless something else is said. */
export function settled(more: Partial<SettledTry> = {}): SettledTry {
  return {
    kind: 'delivered',
    waitMs: null,
    restMs: null,
    tookMs: 3,
    status: 204,
    error: null,
    answer: '',
    ...more,
  };
}

/** Appends events to a stream, which webhooks are to be told of. */
export async function happen(
  { stores }: Pick<StoreFixture, 'stores'>,
  stream: string,
  { count = 1, tenantId = 'one' }: { readonly count?: number; readonly tenantId?: string } = {},
): Promise<LedgerEvent[]> {
  const { seq } = await stores.ledger.head({ tenantId, stream });
  const events = Array.from({ length: count }, (_, index) =>
    eventNamed(`${stream}/${String(seq + index + 1)}`),
  );
  return await stores.ledger.append({ tenantId, stream, events });
}

/** How to name a webhook to the store of deliveries. */
export function webhookRef(webhookId: string, tenantId = 'one'): WebhookRef {
  return { tenantId, webhookId };
}

/** A page that holds every delivery of a test. */
export const listed = { limit: 100 };

/** The deliveries of a webhook of tenant `one` and their states, the oldest first. */
export async function statesOf(
  { stores }: Pick<StoreFixture, 'stores'>,
  webhookId: string,
): Promise<string[]> {
  const items = await stores.deliveries.list({ ...webhookRef(webhookId), ...listed });
  return items.map(({ id, state }) => `${id} ${state}`).reverse();
}

/** Whoever claims sees all tenants, so each test begins with an empty house. */
export async function emptyHouse({ owner }: Pick<StoreFixture, 'owner'>): Promise<void> {
  await owner.sql`
    truncate conclave.webhooks, conclave.webhook_deliveries, conclave.streams, conclave.events`;
}
