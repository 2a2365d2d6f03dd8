import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { eventForm } from '../../../infra/stores/event-form.ts';
import { eventNamed, newRun, openFixture } from './run-fixture.ts';
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

    expect(await statesOf(fixture, 'wh_all')).toEqual(
      [1, 2, 3].map((seq) => `msg_r1_${String(seq)} pending`),
    );
    expect(await statesOf(fixture, 'wh_opened')).toEqual(['msg_r1_1 pending']);
    expect(await statesOf(fixture, 'wh_removed')).toEqual([]);
    expect(await stores.deliveries.list({ ...webhookRef('wh_two', 'two'), ...listed })).toEqual([]);
  });

  test('an event that was there before is not told again', async () => {
    const { ledger, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    const events = [eventNamed('a'), eventNamed('b')];
    await ledger.append({ tenantId: 'one', stream: 's', events });

    await ledger.append({ tenantId: 'one', stream: 's', events: [...events, eventNamed('c')] });

    expect(await statesOf(fixture, 'wh')).toEqual(
      ['1', '2', '3'].map((seq) => `msg_s_${seq} pending`),
    );
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
    expect(await statesOf(fixture, 'wh')).toEqual([]);
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

    const again = await deliveries.redeliver(webhookRef('wh'), 'msg_s_1');
    const foreign = await deliveries.redeliver(webhookRef('wh', 'two'), 'msg_s_1');
    const dead = await deliveries.list({ ...webhookRef('wh'), state: 'dead', ...listed });

    expect(again).toMatchObject({ state: 'pending', tries: 0, endedAt: null });
    expect(foreign).toBeUndefined();
    expect(dead.map(({ id }) => id)).toEqual(['msg_s_3', 'msg_s_2']);
    expect(await deliveries.redeliverDead(webhookRef('wh', 'two'))).toBe(0);
    expect(await deliveries.redeliverDead(webhookRef('wh'))).toBe(2);
    expect(await queue.claim(claiming('b'))).toHaveLength(3);
  });

  test('lists go on where a page ended', async () => {
    const { deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh'));
    await happen(fixture, 's', { count: 5 });

    const first = await deliveries.list({ ...webhookRef('wh'), limit: 2 });
    const beforeOrdinal = first.at(-1)?.ordinal ?? '';
    const second = await deliveries.list({ ...webhookRef('wh'), beforeOrdinal, limit: 9 });

    expect([...first, ...second].map(({ event }) => event?.seq)).toEqual([5, 4, 3, 2, 1]);
  });

  test('a test is written once under its id', async () => {
    const { deliveryQueue: queue, deliveries, webhooks } = fixture.stores;
    await webhooks.add(webhookNamed('wh', { events: ['conclave.round.opened.v1'] }));
    const test = { id: 'msg_test', type: 'conclave.webhook.tested.v1' };

    await deliveries.addTest(webhookRef('wh'), test);
    const delivery = await deliveries.addTest(webhookRef('wh'), test);

    expect(delivery).toMatchObject({ ...test, state: 'pending', event: null, last: null });
    expect(await queue.claim(claiming('a'))).toMatchObject([{ id: 'msg_test', event: undefined }]);
  });
});
