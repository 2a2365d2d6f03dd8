import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';
import {
  claiming,
  emptyHouse,
  happen,
  listed,
  settled,
  statesOf,
  webhookNamed,
  webhookRef,
} from './webhook-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

beforeEach(() => emptyHouse(fixture));

describe('deliveries', () => {
  test('carry the event to whoever claims them, and all secrets that are valid', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh', { secret: Buffer.from('first') }));
    const renewal = { tenantId: 'one', id: 'wh', secret: Buffer.from('second') };
    const renewed = await webhooks.renewSecret({ ...renewal, overlapMs: 60_000 });
    const [event] = await happen(fixture, 's');

    const [claimed] = await queue.claim(claiming('c'));

    expect(renewed?.previousSecretUntil).toEqual(expect.any(String));
    expect(claimed).toMatchObject({
      tenantId: 'one',
      webhookId: 'wh',
      id: 'msg_s_1',
      tries: 1,
      event,
      isFailing: false,
    });
    expect(claimed?.secrets.map((secret) => Buffer.from(secret).toString())).toEqual([
      'second',
      'first',
    ]);
  });

  test('an old secret signs no longer than it was said', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh', { secret: Buffer.from('first') }));
    const renewal = { tenantId: 'one', id: 'wh', secret: Buffer.from('second') };
    const renewed = await webhooks.renewSecret({ ...renewal, overlapMs: 0 });
    await happen(fixture, 's');

    const [claimed] = await queue.claim(claiming('c'));

    expect(renewed?.previousSecretUntil).toBeNull();
    expect(claimed?.secrets).toHaveLength(1);
  });

  test('are claimed by one only, and come back when the claim lapses', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 20 });

    const shares = await Promise.all(
      ['a', 'b', 'c', 'd'].map((claim) => queue.claim(claiming(claim))),
    );
    const again = await queue.claim(claiming('e'));
    await fixture.owner.sql`update conclave.webhook_deliveries set due_at = now()`;
    const lapsed = await queue.claim(claiming('f'));

    expect(shares.flat()).toHaveLength(20);
    expect(new Set(shares.flat().map(({ id }) => id)).size).toBe(20);
    expect(again).toEqual([]);
    expect(lapsed).toHaveLength(20);
    expect(lapsed.every(({ tries }) => tries === 2)).toBe(true);
  });

  test('whoever lost a claim settles nothing', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's');
    const [first] = await queue.claim(claiming('a', { leaseMs: 0 }));
    const [second] = await queue.claim(claiming('b'));
    if (first === undefined || second === undefined) throw new Error('nothing was claimed');

    expect(await queue.settle(first, settled())).toBe(false);
    expect(await statesOf(fixture, 'wh')).toEqual(['msg_s_1 pending']);
    expect(await queue.settle(second, settled())).toBe(true);
    expect(await queue.settle(second, settled())).toBe(false);
    expect(await statesOf(fixture, 'wh')).toEqual(['msg_s_1 delivered']);
  });

  test('a try leaves its answer, and when the next one is', async () => {
    const { deliveryQueue: queue, deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's');
    const [claimed] = await queue.claim(claiming('a'));
    if (claimed === undefined) throw new Error('nothing was claimed');

    await queue.settle(
      claimed,
      settled({ kind: 'retry', waitMs: 60_000, status: 500, answer: 'no' }),
    );

    const [delivery] = await deliveries.list({ ...webhookRef('wh'), ...listed });
    expect(delivery).toMatchObject({
      state: 'pending',
      tries: 1,
      endedAt: null,
      event: { stream: 's', seq: 1 },
      last: { tookMs: 3, status: 500, error: null, answer: 'no' },
    });
    const waitMs = Date.parse(delivery?.nextTryAt ?? '') - Date.parse(delivery?.last?.at ?? '');
    expect(waitMs).toBe(60_000);
    expect(await queue.idleMs()).toBeGreaterThan(50_000);
    expect(await queue.claim(claiming('b'))).toEqual([]);
    expect((await webhooks.get('one', 'wh'))?.failures).toBe(1);
  });

  test('a receiver that asks for a pause gets nothing until it is over', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 3 });
    const [claimed] = await queue.claim(claiming('a', { limit: 1 }));
    if (claimed === undefined) throw new Error('nothing was claimed');

    await queue.settle(claimed, settled({ kind: 'retry', waitMs: 60_000, restMs: 60_000 }));

    expect(await queue.claim(claiming('b'))).toEqual([]);
    expect(await queue.idleMs()).toBeGreaterThan(50_000);
  });

  test('one webhook gets no more at a time than it may, and one that fails holds up no other', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh_failing'));
    await happen(fixture, 's', { count: 30 });
    for (const claim of ['a', 'b', 'c']) {
      const [claimed] = await queue.claim(claiming(claim, { limit: 1 }));
      if (claimed !== undefined) await queue.settle(claimed, settled({ kind: 'retry', waitMs: 0 }));
    }
    await webhooks.add(webhookNamed('wh_healthy'));
    await happen(fixture, 't', { count: 30 });

    const claimed = await queue.claim(claiming('d', { limit: 10, perWebhook: 4 }));
    const more = await queue.claim(claiming('e', { limit: 10, perWebhook: 4 }));
    const none = await queue.claim(claiming('f', { failingLimit: 0, perWebhook: 5 }));

    expect(claimed.map(({ webhookId }) => webhookId)).toEqual([
      ...Array<string>(4).fill('wh_healthy'),
      'wh_failing',
    ]);
    expect(more).toEqual([]);
    expect(none.map(({ webhookId }) => webhookId)).toEqual(['wh_healthy']);
  });

  test('ten thousand that wait for one webhook hold up no other, and die together when it is gone', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh_full'));
    await fixture.owner.sql`
      insert into conclave.webhook_deliveries (tenant_id, webhook_id, id, type)
      select 'one', 'wh_full', 'msg_' || n, 't' from generate_series(1, 10000) n`;
    await webhooks.add(webhookNamed('wh', { events: ['conclave.collaboration.opened.v1'] }));
    await fixture.stores.deliveries.addTest(webhookRef('wh'), { id: 'msg_test', type: 't' });

    const claimed = await queue.claim(claiming('a', { limit: 64, perTenant: 32, perWebhook: 8 }));
    const [first] = claimed;
    if (first === undefined) throw new Error('nothing was claimed');
    await queue.settle(first, settled({ kind: 'gone', status: 410 }));

    const full = Array<string>(8).fill('wh_full');
    expect(claimed.map(({ webhookId }) => webhookId)).toEqual([...full, 'wh']);
    // What is under way may still be answered.
    expect(await queue.backlog()).toMatchObject({ pending: 8, dead: 9993 });
  });

  test('a tenant gets no more at a time than it may, whatever its webhooks', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    for (const id of ['wh_1', 'wh_2', 'wh_3']) await webhooks.add(webhookNamed(id));
    await webhooks.add(webhookNamed('wh_two', { tenantId: 'two' }));
    await happen(fixture, 's', { count: 9 });
    await happen(fixture, 't', { count: 2, tenantId: 'two' });

    const claimed = await queue.claim(claiming('a', { perTenant: 6, perWebhook: 4 }));
    const more = await queue.claim(claiming('b', { perTenant: 6, perWebhook: 4 }));

    const tenants = claimed.map(({ tenantId }) => tenantId).sort();
    expect(tenants).toEqual([...Array<string>(6).fill('one'), 'two', 'two']);
    expect(more).toEqual([]);
  });

  test('what ended long ago is swept, a part at a time; what waits stays', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 7 });
    const claimed = await queue.claim(claiming('a', { limit: 6 }));
    for (const [index, one] of claimed.entries()) {
      await queue.settle(one, settled({ kind: index < 4 ? 'delivered' : 'dead' }));
    }
    const ages = { deliveredSeconds: 0, deadSeconds: 3600 };

    expect(await queue.sweep({ ...ages, deliveredSeconds: 3600, limit: 100 })).toBe(0);
    expect(await queue.sweep({ ...ages, limit: 3 })).toBe(3);
    expect(await queue.sweep({ ...ages, limit: 3 })).toBe(1);
    expect(await queue.backlog()).toMatchObject({ pending: 1, dead: 2 });
    expect(await queue.sweep({ ...ages, deadSeconds: 0, limit: 3 })).toBe(2);
  });

  test('the backlog says how long the oldest has been due', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    expect(await queue.backlog()).toEqual({ pending: 0, dead: 0, overdueSeconds: 0 });
    expect(await queue.idleMs()).toBeUndefined();
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's');
    await fixture.owner.sql`
      update conclave.webhook_deliveries set due_at = now() - interval '90 seconds'`;

    const backlog = await queue.backlog();

    expect(backlog.pending).toBe(1);
    expect(Math.round(backlog.overdueSeconds)).toBe(90);
  });
});
