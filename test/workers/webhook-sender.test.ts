import { setImmediate as turnOfLoop } from 'node:timers/promises';

import { expect, test } from '@jest/globals';

import type { ClaimedDelivery, SettledTry } from '../../infra/stores/delivery-queue.ts';
import { usualPace, WebhookSender } from '../../workers/webhook-sender.ts';

const claimed: ClaimedDelivery = {
  ...{ tenantId: 'one', webhookId: 'wh', id: 'msg_1', ordinal: '1', claim: 'c', type: 't' },
  ...{ tries: 1, createdAt: '2026-11-21T09:00:00.000Z', url: 'http://127.0.0.1:9/' },
  ...{ secrets: [], isFailing: false, event: undefined },
};
const delivered: SettledTry = {
  ...{ kind: 'delivered', waitMs: null, restMs: null, tookMs: 1 },
  ...{ status: 204, error: null, answer: '' },
};
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
/** Nobody but a wake makes it look within a test. */
const pace = { ...usualPace(1000), lookMs: 600_000, sweepMs: 600_000 };

/** Counts the claims of a sender whose only try takes so many steps after the first claim was answered. */
async function claimsWith(steps: number): Promise<number> {
  let claims = 0;
  const sender = new WebhookSender({
    queue: {
      idleMs: () => Promise.resolve(undefined),
      claim: () => {
        claims += 1;
        return Promise.resolve(claims === 1 ? [claimed] : []);
      },
      settle: () => Promise.resolve(true),
      sweep: () => Promise.resolve(0),
    },
    tryOnce: async () => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      return delivered;
    },
    pace,
    log: silent,
  });
  // Both the looking and the try are over when the loop turns.
  await turnOfLoop();
  await sender.stop();
  return claims;
}

test.each(Array.from({ length: 20 }, (_, steps) => steps))(
  'a try that ends %i steps after its claim has the sender look again',
  async (steps) => {
    expect(await claimsWith(steps)).toBe(2);
  },
);
