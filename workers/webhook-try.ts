import type { WebhookPost } from '../activities/webhooks/webhook-post.ts';
import { noticeOf, testedType, testNotice } from '../domain/webhooks/notice.ts';
import type { Notice } from '../domain/webhooks/notice.ts';
import type { RetryPlan } from '../domain/webhooks/retry-plan.ts';
import { judgeTry } from '../domain/webhooks/verdict.ts';
import type { TryResult } from '../domain/webhooks/verdict.ts';
import type { ClaimedDelivery, SettledTry } from '../infra/stores/delivery-queue.ts';
import { signatureOf } from '../infra/webhooks/webhook-secrets.ts';
import type { WebhookSecrets } from '../infra/webhooks/webhook-secrets.ts';

/** What a try stands on. */
export interface WebhookTryDeps {
  readonly secrets: Pick<WebhookSecrets, 'open'>;
  readonly post: WebhookPost;
  readonly retries: RetryPlan;
  /** Version of this release, for the header `user-agent`. */
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Draws from 0 to 1. */
  readonly chance: () => number;
}

/** Tries a delivery once; undefined when it was ended before it came to anything. */
export type WebhookTry = (
  delivery: ClaimedDelivery,
  signal: AbortSignal,
) => Promise<SettledTry | undefined>;

/** Makes what tries a delivery: it signs the notice anew each time, sends it and judges the answer. */
export function createWebhookTry(deps: WebhookTryDeps): WebhookTry {
  return async (delivery, signal) => {
    const startedAt = deps.now();
    const result = await send(deps, delivery, signal);
    if (result === undefined) return undefined;
    const { retries: plan, chance } = deps;
    const nowMs = deps.now();
    const verdict = judgeTry({ result, plan, tries: delivery.tries, chance: chance(), nowMs });
    const isAnswered = result.kind === 'answered';
    return {
      kind: verdict.kind,
      waitMs: 'waitMs' in verdict ? verdict.waitMs : null,
      restMs: 'restMs' in verdict ? verdict.restMs : null,
      tookMs: Math.max(nowMs - startedAt, 0),
      status: isAnswered ? result.status : null,
      error: isAnswered ? null : result.failure,
      answer: isAnswered ? result.body : null,
    };
  };
}

async function send(
  deps: WebhookTryDeps,
  delivery: ClaimedDelivery,
  signal: AbortSignal,
): Promise<TryResult | undefined> {
  const { id, url } = delivery;
  const secrets = delivery.secrets.map((sealed) => deps.secrets.open(sealed, delivery));
  const readable = secrets.filter((secret) => secret !== undefined);
  if (readable.length === 0) return { kind: 'unanswered', failure: 'secret-unreadable' };
  const body = JSON.stringify(noticeFor(delivery));
  const timestamp = Math.floor(deps.now() / 1000);
  return await deps.post({
    url,
    headers: {
      'content-type': 'application/json',
      'user-agent': `conclave/${deps.version}`,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signatureOf({ id, timestamp, body }, readable),
    },
    body,
    signal,
  });
}

function noticeFor({ id, type, event, webhookId, createdAt }: ClaimedDelivery): Notice {
  if (event !== undefined) return noticeOf(event);
  if (type === testedType) return testNotice(webhookId, createdAt);
  throw new Error(`delivery ${id} tells of a ${type} that is not in the ledger`);
}
