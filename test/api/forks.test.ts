import { describe, expect, test } from '@jest/globals';

import { createReconciler } from '../../api/starts/reconciler.ts';
import { createHouse, keys } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

const debate = { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] };

interface Accepted {
  readonly id: string;
  readonly status: string;
  readonly plan: { readonly origin: object };
  readonly links: Readonly<Record<string, string>>;
}

async function started(house: House): Promise<string> {
  const response = await house.post('/v1/collaborations', debate);
  return ((await response.json()) as Accepted).id;
}

async function forkOf(house: House, id: string, body: object = {}): Promise<Accepted> {
  const response = await house.post(`/v1/collaborations/${id}/forks`, body);
  expect(response.status).toBe(202);
  return (await response.json()) as Accepted;
}

describe('a fork', () => {
  test('begins with the events of its origin, and starts from where they lead', async () => {
    const house = createHouse();
    const id = await started(house);

    const forked = await forkOf(house, id);

    const events = house.streams.get(`a/${forked.id}`) ?? [];
    expect(events.map((event) => [event.id, event.subject])).toEqual([
      [`${forked.id}/opened`, forked.id],
      [`${forked.id}/opened-1`, forked.id],
    ]);
    expect(forked.plan.origin).toMatchObject({ collaborationId: id, seq: 2, events: 2 });
    expect(house.started.at(-1)).toMatchObject({
      collaborationId: forked.id,
      resumed: { known: 2, decidedSteps: 0, state: { round: 1, isPaused: false } },
    });
  });

  test('needs no body', async () => {
    const house = createHouse();
    const id = await started(house);

    const response = await house.request(`/v1/collaborations/${id}/forks`, { method: 'POST' });

    expect(response.status).toBe(202);
    const { id: forked, links } = (await response.json()) as Accepted;
    expect(response.headers.get('location')).toBe(`/v1/collaborations/${forked}`);
    expect(links['forks']).toBe(`/v1/collaborations/${forked}/forks`);
  });

  test('shows its origin with a link', async () => {
    const house = createHouse();
    const id = await started(house);
    const forked = await forkOf(house, id, { seq: 1 });

    const show = async (of: string): Promise<{ origin: unknown }> =>
      (await (await house.request(`/v1/collaborations/${of}`)).json()) as { origin: unknown };

    expect((await show(forked.id)).origin).toMatchObject({
      collaborationId: id,
      seq: 1,
      events: 1,
      links: {
        self: `/v1/collaborations/${id}`,
        state: `/v1/collaborations/${id}/state?seq=1`,
      },
    });
    expect((await show(id)).origin).toBeNull();
  });

  test('is started later where Temporal is away, from where its events lead', async () => {
    const house = createHouse();
    const id = await started(house);
    house.isEngineAway = true;
    const forked = await forkOf(house, id, { paused: true });
    house.isEngineAway = false;

    const reconciler = createReconciler(house.deps, house.app.metrics);
    await reconciler.runOnce();
    await reconciler.stop();

    expect(forked.status).toBe('queued');
    expect(house.started.at(-1)).toMatchObject({
      collaborationId: forked.id,
      resumed: { known: 3, state: { isPaused: true } },
    });
  });

  test('is told to be paused where it was asked to be', async () => {
    const house = createHouse();
    const id = await started(house);

    expect((await forkOf(house, id, { paused: true })).status).toBe('paused');
  });

  test('is priced by what its agents cost today; one that is gone has no price', async () => {
    const house = createHouse();
    const id = await started(house);
    house.agents.delete('a/bob');

    const response = await house.post(`/v1/collaborations/${id}/forks`, { budget: { usd: 1 } });

    const { errors } = await problemIn(response);
    expect(errors[0]?.expected).toContain('the price of "bob" is unknown');
  });
});

describe('the same Idempotency-Key', () => {
  test('answers the same fork again', async () => {
    const house = createHouse();
    const id = await started(house);
    const post = async (body: object): Promise<Response> =>
      await house.post(`/v1/collaborations/${id}/forks`, body, { 'idempotency-key': 'k1' });

    const first = (await (await post({ seq: 1, rounds: 3 })).json()) as Accepted;
    const again = await post({ rounds: 3, seq: 1 });
    const other = await post({ seq: 1 });

    expect(((await again.json()) as Accepted).id).toBe(first.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await problemIn(other)).code).toBe('idempotency-key-reused');
    expect(house.rows.size).toBe(2);
  });

  test('is no start and a fork at once', async () => {
    const house = createHouse();
    const headers = { 'idempotency-key': 'k1' };
    const response = await house.post('/v1/collaborations', debate, headers);
    const { id } = (await response.json()) as Accepted;

    const fork = await house.post(`/v1/collaborations/${id}/forks`, {}, headers);

    expect((await problemIn(fork)).code).toBe('idempotency-key-reused');
  });
});

test('another tenant finds nothing to fork', async () => {
  const house = createHouse();
  const id = await started(house);

  const response = await house.request(`/v1/collaborations/${id}/forks`, {
    method: 'POST',
    key: keys.b,
  });

  expect(response.status).toBe(404);
});
