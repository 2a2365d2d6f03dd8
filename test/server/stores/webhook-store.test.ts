import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { webhooksMax } from '../../../infra/stores/webhook-store.ts';
import { openFixture } from './run-fixture.ts';
import type { StoreFixture } from './run-fixture.ts';
import {
  claiming,
  emptyHouse,
  happen,
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
    expect(await statesOf(fixture, 'wh')).toEqual(
      [1, 2, 3].map((seq) => `msg_s_${String(seq)} dead`),
    );
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
    expect(await statesOf(fixture, 'wh')).toEqual(
      [1, 2, 3].map((seq) => `msg_s_${String(seq)} dead`),
    );
    expect((await webhooks.activate('one', 'wh'))?.state).toBe('active');
    expect(await deliveries.redeliverDead(webhookRef('wh'))).toBe(3);
    expect(await queue.claim(claiming('b'))).toHaveLength(3);
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
});
