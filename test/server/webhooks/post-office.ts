import { randomBytes } from 'node:crypto';

import { createWebhookPost } from '../../../activities/webhooks/webhook-post.ts';
import { webhookHosts } from '../../../domain/webhooks/webhook-hosts.ts';
import type { Delivery } from '../../../infra/stores/delivery-store.ts';
import { webhooksChannel } from '../../../infra/stores/delivery-queue.ts';
import { openWebhookSecrets } from '../../../infra/webhooks/webhook-secrets.ts';
import type { WebhookSecrets } from '../../../infra/webhooks/webhook-secrets.ts';
import { usualPace, WebhookSender } from '../../../workers/webhook-sender.ts';
import type { WebhookPace } from '../../../workers/webhook-sender.ts';
import { createWebhookTry } from '../../../workers/webhook-try.ts';
import { newSigningKey } from '../../support/signing-key.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { openFixture } from '../stores/run-fixture.ts';
import type { StoreFixture } from '../stores/run-fixture.ts';
import { webhookNamed } from '../stores/webhook-fixture.ts';

/** How a sender of a test differs from that of a worker. */
export interface SenderChoices extends Partial<WebhookPace> {
  readonly triesMax?: number;
  readonly firstWaitMs?: number;
  readonly timeoutMs?: number;
  readonly hosts?: readonly string[];
}

/** Senders on a fresh database, as workers have them, and webhooks with real secrets. */
export interface PostOffice {
  readonly fixture: StoreFixture;
  /** Starts one more sender, with waits of milliseconds unless chosen otherwise. */
  startSender(choices?: SenderChoices): Promise<WebhookSender>;
  /** Registers a webhook and gives its secret. */
  register(id: string, url: string, tenantId?: string): Promise<string>;
  renewSecret(id: string): Promise<string>;
  /** Resolves as soon as so many of a webhook's deliveries are in a state; rejects, saying in which they are, when that takes too long. */
  settled(id: string, state: Delivery['state'], count: number): Promise<readonly Delivery[]>;
  /** Empties the house and ends all its senders. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** As many of the last lines of the senders' log are told where a state was waited for in vain. */
const loggedMax = 20;

/** Opens a post office. */
export async function openPostOffice(): Promise<PostOffice> {
  const fixture = await openFixture();
  const { stores, pool, owner } = fixture;
  const secrets: WebhookSecrets = await openWebhookSecrets(newSigningKey());
  const senders: WebhookSender[] = [];
  const logged: string[] = [];
  const note = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  await pool.listen(
    webhooksChannel,
    () => {
      for (const sender of senders) sender.wake();
    },
    () => undefined,
  );
  const clear = async (): Promise<void> => {
    await Promise.all(senders.splice(0).map((sender) => sender.stop()));
    logged.length = 0;
    await owner.sql`
      truncate conclave.webhooks, conclave.webhook_deliveries, conclave.streams, conclave.events`;
  };
  const statesOf = async (id: string): Promise<Partial<Record<Delivery['state'], number>>> => {
    const rows = await owner.sql<{ state: string; count: number }[]>`
      select state, count(*)::int as count from conclave.webhook_deliveries
      where tenant_id = 'one' and webhook_id = ${id} group by state`;
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  };
  return {
    fixture,
    startSender: (choices = {}) => {
      const { triesMax = 3, firstWaitMs = 5, timeoutMs = 5000, hosts = [], ...pace } = choices;
      const judgeHost = webhookHosts({ hosts, loopback: true });
      const sender = new WebhookSender({
        queue: stores.deliveryQueue,
        tryOnce: createWebhookTry({
          secrets,
          post: createWebhookPost({ judgeHost, timeoutMs }),
          retries: { triesMax, firstWaitMs },
          version: '0.0.0',
          now: Date.now,
          chance: Math.random,
        }),
        pace: { ...usualPace(timeoutMs), graceMs: 0, ...pace },
        log: { debug: note, info: note, warn: note },
      });
      senders.push(sender);
      return Promise.resolve(sender);
    },
    register: async (id, url, tenantId = 'one') => {
      const { secret, sealed } = secrets.create({ tenantId, webhookId: id });
      await stores.webhooks.add(webhookNamed(id, { tenantId, url, secret: sealed }));
      return secret;
    },
    renewSecret: async (id) => {
      const { secret, sealed } = secrets.create({ tenantId: 'one', webhookId: id });
      const renewal = { tenantId: 'one', id, secret: sealed, overlapMs: 60_000 };
      await stores.webhooks.renewSecret(renewal);
      return secret;
    },
    settled: async (id, state, count) => {
      await untilSeen(
        async () => ({ ...(await statesOf(id)), logged: logged.slice(-loggedMax) }),
        (states) => (states[state] ?? 0) >= count,
      );
      return await stores.deliveries.list({ tenantId: 'one', webhookId: id, state, limit: count });
    },
    clear,
    close: async () => {
      await clear();
      await fixture.close();
    },
  };
}

/** Draws the name of a stream that no other test uses. */
export function newStream(): string {
  return `s_${randomBytes(6).toString('hex')}`;
}
