import { expect, test } from '@jest/globals';

import { testedType } from '../../domain/webhooks/notice.ts';
import type { ClaimedDelivery } from '../../infra/stores/delivery-queue.ts';
import { createWebhookTry } from '../../workers/webhook-try.ts';

const delivery: ClaimedDelivery = {
  ...{ tenantId: 'one', webhookId: 'wh', id: 'msg_c_1_7', ordinal: '1', claim: 'c', tries: 1 },
  ...{ type: testedType, createdAt: '2026-11-21T09:00:00.000Z', url: 'http://127.0.0.1:9/' },
  ...{ secrets: [Buffer.from('sealed')], isFailing: false, event: undefined },
};

/** Tries a delivery to a receiver that takes everything; answers what it took. */
async function taken(changes: Partial<ClaimedDelivery>): Promise<unknown[]> {
  const bodies: unknown[] = [];
  const tryOnce = createWebhookTry({
    secrets: { open: () => 'whsec_a2V5' },
    post: ({ body }) => {
      bodies.push(JSON.parse(body));
      return Promise.resolve({ kind: 'answered', status: 204, retryAfter: undefined, body: '' });
    },
    retries: { triesMax: 3, firstWaitMs: 10 },
    version: '0.0.0',
    now: () => 0,
    chance: () => 0.5,
  });
  const ended = await tryOnce({ ...delivery, ...changes }, new AbortController().signal).catch(
    String,
  );
  return [...bodies, ended];
}

test('a test goes out as one', async () => {
  expect(await taken({})).toMatchObject([{ type: testedType }, { kind: 'delivered', status: 204 }]);
});

test('a delivery whose event is missing goes out as nothing', async () => {
  const type = 'conclave.decision.sealed.v1';

  expect(await taken({ type })).toEqual([
    `Error: delivery msg_c_1_7 tells of a ${type} that is not in the ledger`,
  ]);
});
