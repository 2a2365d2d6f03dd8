import { createWebhookPost } from '../activities/webhooks/webhook-post.ts';
import { webhookHosts } from '../domain/webhooks/webhook-hosts.ts';
import type { ServiceConfig } from '../infra/config.ts';
import type { Database } from '../infra/database/connection.ts';
import { signingKeyPath } from '../infra/signing.ts';
import { releaseVersion } from '../infra/stack/program-part.ts';
import { webhooksChannel } from '../infra/stores/delivery-queue.ts';
import type { DeliveryQueue } from '../infra/stores/delivery-queue.ts';
import { openWebhookSecrets } from '../infra/webhooks/webhook-secrets.ts';
import type { LogLines } from './runtime.ts';
import { usualPace, WebhookSender } from './webhook-sender.ts';
import { createWebhookTry } from './webhook-try.ts';

/** What the sender of a worker stands on. */
export interface WebhookParts {
  readonly config: ServiceConfig;
  readonly database: Database;
  readonly queue: DeliveryQueue;
  readonly logger: LogLines;
}

/** Starts the sender of this process; a notification of the database wakes it. */
export async function wireWebhooks(parts: WebhookParts): Promise<Pick<WebhookSender, 'stop'>> {
  const { config, database, queue, logger } = parts;
  const { triesMax, firstWaitMs, timeoutMs } = config.webhooks;
  const tryOnce = createWebhookTry({
    secrets: await openWebhookSecrets(signingKeyPath(config.dataFolder)),
    post: createWebhookPost({ judgeHost: webhookHosts(config.webhooks), timeoutMs }),
    retries: { triesMax, firstWaitMs },
    version: releaseVersion(),
    now: Date.now,
    chance: Math.random,
  });
  const sender = new WebhookSender({ queue, tryOnce, pace: usualPace(timeoutMs), log: logger });
  const wake = (): void => {
    sender.wake();
  };
  // Without it there is still the slow look.
  database.listen(webhooksChannel, wake, wake).catch((error: unknown) => {
    logger.warn({ err: error }, 'nobody tells of webhook deliveries, they are looked for');
  });
  return sender;
}
