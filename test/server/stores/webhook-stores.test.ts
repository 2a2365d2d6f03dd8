import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { eventForm } from '../../../infra/stores/event-form.ts';
import { webhooksMax } from '../../../infra/stores/webhook-store.ts';
import { eventNamed, newRun, openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';
import { claiming, happen, settled, webhookNamed } from './webhook-fixture.ts';

let fixture: StoreFixture;

beforeAll(async () => {
  fixture = await openFixture();
});

afterAll(() => fixture.close());

/** Whoever claims sees all tenants, so each test begins with an empty house. */
beforeEach(async () => {
  await fixture.owner.sql`
    truncate conclave.webhooks, conclave.webhook_deliveries, conclave.streams, conclave.events`;
});

const ref = (webhookId: string, tenantId = 'one') => ({ tenantId, webhookId });
const listed = { limit: 100 };

async function statesOf(webhookId: string): Promise<string[]> {
  const items = await fixture.stores.deliveries.list({ ...ref(webhookId), ...listed });
  return items.map(({ id, state }) => `${id} ${state}`).reverse();
}

describe('webhooks', () => {
  test('are registered, listed in order, shown and removed', async () => {
    const { webhooks } = fixture.stores;
    const added = await webhooks.add(
      webhookNamed('wh_1', { events: ['conclave.round.opened.v1'], description: 'ours' }),
    );
    await webhooks.add(webhookNamed('wh_2'));

    expect(added).toEqual({
      id: 'wh_1',
      url: 'http://127.0.0.1:9/hook',
      events: ['conclave.round.opened.v1'],
      description: 'ours',
      state: 'active',
      stateSince: added?.createdAt,
      failures: 0,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      previousSecretUntil: null,
    });
    expect((await webhooks.list('one')).map(({ id }) => id)).toEqual(['wh_1', 'wh_2']);
    expect(await webhooks.get('two', 'wh_1')).toBeUndefined();
    expect(await webhooks.remove('two', 'wh_1')).toBe(false);
    expect(await webhooks.remove('one', 'wh_1')).toBe(true);
    expect(await webhooks.remove('one', 'wh_1')).toBe(false);
    expect(await webhooks.get('one', 'wh_1')).toBeUndefined();
    expect((await webhooks.list('one')).map(({ id }) => id)).toEqual(['wh_2']);
  });

  test('are at most so many, even when all come at once', async () => {
    const { webhooks } = fixture.stores;
    const ids = Array.from({ length: webhooksMax + 5 }, (_, index) => `wh_${String(index)}`);

    const added = await Promise.all(ids.map((id) => webhooks.add(webhookNamed(id))));

    expect(added.filter((one) => one !== undefined)).toHaveLength(webhooksMax);
    expect(await webhooks.list('one')).toHaveLength(webhooksMax);
    expect(await webhooks.add(webhookNamed('wh_x', { tenantId: 'two' }))).toBeDefined();
  });
});

describe('deliveries', () => {
  test('are written with the events they tell of, for those who asked', async () => {
    const { stores } = fixture;
    await stores.webhooks.add(webhookNamed('wh_all'));
    await stores.webhooks.add(
      webhookNamed('wh_opened', { events: ['conclave.collaboration.opened.v1'] }),
    );
    await stores.webhooks.add(webhookNamed('wh_two', { tenantId: 'two' }));
    await stores.webhooks.add(webhookNamed('wh_removed'));
    await stores.webhooks.remove('one', 'wh_removed');

    await stores.collaborations.create(newRun('r1'));
    await happen(fixture, 'r1', { count: 2 });

    expect(await statesOf('wh_all')).toEqual(
      [1, 2, 3].map((seq) => `msg_r1_${String(seq)} pending`),
    );
    expect(await statesOf('wh_opened')).toEqual(['msg_r1_1 pending']);
    expect(await statesOf('wh_removed')).toEqual([]);
    expect(await stores.deliveries.list({ ...ref('wh_two', 'two'), ...listed })).toEqual([]);
  });

  test('an event that was there before is not told again', async () => {
    const { ledger, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    const events = [eventNamed('a'), eventNamed('b')];
    await ledger.append({ tenantId: 'one', stream: 's', events });

    await ledger.append({ tenantId: 'one', stream: 's', events: [...events, eventNamed('c')] });

    expect(await statesOf('wh')).toEqual(['1', '2', '3'].map((seq) => `msg_s_${seq} pending`));
  });

  test('what is undone is told to nobody', async () => {
    const { stores, pool } = fixture;
    await stores.webhooks.add(webhookNamed('wh'));
    const append = { k: 'append', s: 's', ev: [eventForm(eventNamed('a'), 's')] };
    const batch = JSON.stringify({ ops: [append], lasting: true, streams: ['s'], new: ['s'] });
    const written: string[] = [];
    const undone = pool.sql.begin(async (sql) => {
      await sql`select * from conclave.perform_batch('one', ${batch}::text::jsonb)`;
      const rows = await sql<{ id: string }[]>`select id from conclave.webhook_deliveries`;
      written.push(...rows.map(({ id }) => id));
      throw new Error('undone');
    });

    await expect(undone).rejects.toThrow('undone');

    expect(written).toEqual(['msg_s_1']);
    expect(await statesOf('wh')).toEqual([]);
  });

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
    expect(await statesOf('wh')).toEqual(['msg_s_1 pending']);
    expect(await queue.settle(second, settled())).toBe(true);
    expect(await queue.settle(second, settled())).toBe(false);
    expect(await statesOf('wh')).toEqual(['msg_s_1 delivered']);
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

    const [delivery] = await deliveries.list({ ...ref('wh'), ...listed });
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
    await fixture.stores.deliveries.addTest(ref('wh'), { id: 'msg_test', type: 't' });

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

  test('a receiver that has failed for five days and fails again is sent nothing more', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 3 });
    const failAfter = async (days: number): Promise<string | undefined> => {
      await fixture.owner.sql`
        update conclave.webhooks set failing_since = now() - ${days}::integer * interval '1 day'`;
      const [claimed] = await queue.claim(claiming('a', { limit: 1 }));
      if (claimed !== undefined) await queue.settle(claimed, settled({ kind: 'retry', waitMs: 0 }));
      return (await webhooks.get('one', 'wh'))?.state;
    };

    expect(await failAfter(4)).toBe('active');
    expect(await failAfter(5)).toBe('off');
    expect(await statesOf('wh')).toEqual([1, 2, 3].map((seq) => `msg_s_${String(seq)} dead`));
    await webhooks.activate('one', 'wh');
    const [row] = await fixture.owner.sql`select failing_since from conclave.webhooks`;
    expect(row).toEqual({ failing_since: null });
  });

  test('a success ends the days of failing', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 2 });
    const [first, second] = await queue.claim(claiming('a'));
    if (first === undefined || second === undefined) throw new Error('nothing was claimed');
    const since = async (): Promise<unknown> =>
      (await fixture.owner.sql`select failing_since from conclave.webhooks`)[0]?.['failing_since'];

    await queue.settle(first, settled({ kind: 'retry', waitMs: 0 }));
    const failing = await since();
    await queue.settle(second, settled());

    expect(failing).toEqual(expect.any(Date));
    expect(await since()).toBeNull();
  });

  test('a receiver that is gone ends its webhook, and what waits is dead; switched on it goes on', async () => {
    const { deliveryQueue: queue, deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 3 });
    const [claimed] = await queue.claim(claiming('a', { limit: 1 }));
    if (claimed === undefined) throw new Error('nothing was claimed');

    await queue.settle(claimed, settled({ kind: 'gone', status: 410 }));
    await happen(fixture, 's');

    expect((await webhooks.get('one', 'wh'))?.state).toBe('off');
    expect(await statesOf('wh')).toEqual([1, 2, 3].map((seq) => `msg_s_${String(seq)} dead`));
    expect((await webhooks.activate('one', 'wh'))?.state).toBe('active');
    expect(await deliveries.redeliverDead(ref('wh'))).toBe(3);
    expect(await queue.claim(claiming('b'))).toHaveLength(3);
  });

  test('dead and delivered ones are sent again when asked, one or all', async () => {
    const { deliveryQueue: queue, deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 3 });
    const claimed = await queue.claim(claiming('a'));
    const kinds = ['delivered', 'dead', 'dead'] as const;
    for (const [index, one] of claimed.entries()) {
      await queue.settle(one, settled({ kind: kinds[index] ?? 'dead' }));
    }

    const again = await deliveries.redeliver(ref('wh'), 'msg_s_1');
    const foreign = await deliveries.redeliver(ref('wh', 'two'), 'msg_s_1');
    const dead = await deliveries.list({ ...ref('wh'), state: 'dead', ...listed });

    expect(again).toMatchObject({ state: 'pending', tries: 0, endedAt: null });
    expect(foreign).toBeUndefined();
    expect(dead.map(({ id }) => id)).toEqual(['msg_s_3', 'msg_s_2']);
    expect(await deliveries.redeliverDead(ref('wh', 'two'))).toBe(0);
    expect(await deliveries.redeliverDead(ref('wh'))).toBe(2);
    expect(await queue.claim(claiming('b'))).toHaveLength(3);
  });

  test('lists go on where a page ended', async () => {
    const { deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 5 });

    const first = await deliveries.list({ ...ref('wh'), limit: 2 });
    const beforeOrdinal = first.at(-1)?.ordinal ?? '';
    const second = await deliveries.list({ ...ref('wh'), beforeOrdinal, limit: 9 });

    expect([...first, ...second].map(({ event }) => event?.seq)).toEqual([5, 4, 3, 2, 1]);
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

  test('a removed webhook is told nothing more, and nothing of it is left', async () => {
    const { deliveryQueue: queue, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 5 });
    await webhooks.remove('one', 'wh');
    const ages = { deliveredSeconds: 3600, deadSeconds: 3600, limit: 3 };

    expect(await queue.claim(claiming('a'))).toEqual([]);
    expect(await queue.sweep(ages)).toBe(3);
    expect(await queue.sweep(ages)).toBe(2);
    await fixture.owner
      .sql`update conclave.webhooks set state_since = now() - interval '2 minutes'`;
    await queue.sweep(ages);

    const left = await fixture.owner.sql`select from conclave.webhooks`;
    expect(left).toHaveLength(0);
  });

  test('a test is written once under its id', async () => {
    const { deliveryQueue: queue, deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh', { events: ['conclave.round.opened.v1'] }));
    const test = { id: 'msg_test', type: 'conclave.webhook.tested.v1' };

    await deliveries.addTest(ref('wh'), test);
    const delivery = await deliveries.addTest(ref('wh'), test);

    expect(delivery).toMatchObject({ ...test, state: 'pending', event: null, last: null });
    expect(await queue.claim(claiming('a'))).toMatchObject([{ id: 'msg_test', event: undefined }]);
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
