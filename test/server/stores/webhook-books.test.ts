import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { Delivery } from '../../../infra/stores/delivery-store.ts';
import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';
import { claiming, happen, settled, webhookNamed } from './webhook-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

beforeEach(async () => {
  await fixture.owner.sql`
    truncate conclave.webhooks, conclave.webhook_deliveries, conclave.streams, conclave.events`;
  await fixture.stores.webhooks.add(webhookNamed('wh'));
});

const ref = { tenantId: 'one', webhookId: 'wh' };

/** Claims what is due first, and says what its try came to. */
async function trySettling(...[outcome]: Parameters<typeof settled>): Promise<void> {
  const { deliveryQueue: queue } = fixture.stores;
  const [claimed] = await queue.claim(claiming('a', { limit: 1 }));
  if (claimed === undefined) throw new Error('nothing was claimed');
  expect(await queue.settle(claimed, settled(outcome))).toBe(true);
}

/** The deliveries of the webhook, oldest first. */
async function listed(): Promise<Delivery[]> {
  return (await fixture.stores.deliveries.list({ ...ref, limit: 10 })).reverse();
}

describe('what waits for a webhook that goes off', () => {
  test('is dead because of that, tried before or not', async () => {
    await happen(fixture, 's', { count: 3 });
    await trySettling({ kind: 'retry', waitMs: 60_000, status: 500, answer: 'no' });
    await trySettling({ kind: 'gone', status: 410, answer: 'bye' });

    const [tried, gone, untried] = await listed();

    const off = { status: null, error: 'webhook-off', answer: null };
    expect(tried).toMatchObject({ state: 'dead', tries: 1, last: off });
    expect(untried).toMatchObject({ state: 'dead', tries: 0, last: { ...off, tookMs: 0 } });
    expect(untried?.last?.at).toBe(untried?.endedAt);
    expect(gone).toMatchObject({
      state: 'dead',
      last: { status: 410, error: null, answer: 'bye' },
    });
  });
});

describe('a delivery that is sent again', () => {
  beforeEach(async () => {
    await happen(fixture, 's');
    await trySettling({ kind: 'dead', status: null, error: 'timeout', answer: null });
  });

  const anew = { state: 'pending', tries: 0, endedAt: null, last: null };

  test('begins anew, without what came of it before', async () => {
    expect(await listed()).toMatchObject([{ state: 'dead', last: { error: 'timeout' } }]);
    expect(await fixture.stores.deliveries.redeliver(ref, 'msg_s_1')).toMatchObject(anew);
  });

  test('with all that are dead begins anew as well', async () => {
    expect(await fixture.stores.deliveries.redeliverDead(ref)).toBe(1);
    expect(await listed()).toMatchObject([anew]);
  });
});

describe('the backlog', () => {
  /** In steps of a quarter of a minute, so that a slow machine changes nothing. */
  const overdueSeconds = async (): Promise<number> =>
    Math.floor((await fixture.stores.deliveryQueue.backlog()).overdueSeconds / 15) * 15;

  beforeEach(async () => {
    await happen(fixture, 's');
    await fixture.owner.sql`
      update conclave.webhook_deliveries set due_at = now() - interval '90 seconds'`;
  });

  test('is not late while the receiver is left alone, and then since the end of its rest', async () => {
    const before = await overdueSeconds();
    await fixture.owner.sql`
      update conclave.webhooks set resting_until = now() + interval '1 hour'`;
    const resting = await overdueSeconds();
    await fixture.owner.sql`
      update conclave.webhooks set resting_until = now() - interval '30 seconds'`;
    const rested = await overdueSeconds();

    expect([before, resting, rested]).toEqual([90, 0, 30]);
  });

  test('is as late as its latest: one that rests hides no other', async () => {
    await fixture.stores.webhooks.add(webhookNamed('wh_resting'));
    await happen(fixture, 't');
    await fixture.owner.sql`
      update conclave.webhooks set resting_until = now() + interval '1 hour'
      where id = 'wh_resting'`;

    expect(await overdueSeconds()).toBe(90);
  });
});
