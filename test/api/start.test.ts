import { describe, expect, test } from '@jest/globals';

import { createReconciler } from '../../api/starts/reconciler.ts';
import { accountOf } from '../../domain/providers/agent.ts';
import { agentNamed, createHouse, decision } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

const good = { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] };

interface Accepted {
  readonly id: string;
  readonly status: string;
  readonly plan: { seed: string; seats: { agent: string }[] };
  readonly estimate: { calls: number; usd: number };
  readonly links: Readonly<Record<string, string>>;
}

async function start(house: House, headers: Record<string, string> = {}): Promise<Accepted> {
  const response = await house.post('/v1/collaborations', good, headers);
  expect(response.status).toBe(202);
  return (await response.json()) as Accepted;
}

describe('a start', () => {
  test('answers 202 with id, plan, estimate and links, and starts the workflow once', async () => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations', good);

    const body = (await response.json()) as Accepted;
    expect(response.status).toBe(202);
    expect(body.id).toMatch(/^c_[0-9a-z]{26}$/);
    expect(response.headers.get('location')).toBe(`/v1/collaborations/${body.id}`);
    expect(body.plan.seats.map(({ agent }) => agent)).toEqual(['ada', 'bob', 'cyd']);
    expect(body.plan.seed).toMatch(/^[0-9a-f]{32}$/);
    expect(body.estimate.usd).toBeGreaterThan(0);
    expect(body.links).toMatchObject({
      self: `/v1/collaborations/${body.id}`,
      events: `/v1/collaborations/${body.id}/events`,
    });
    expect(house.started).toEqual([{ tenantId: 'a', collaborationId: body.id, plan: body.plan }]);
  });

  test('opens the ledger with plan and content', async () => {
    const house = createHouse();

    const { id, plan } = await start(house);

    const [opened] = house.streams.get(`a/${id}`) ?? [];
    expect(opened).toMatchObject({
      id: `${id}/opened`,
      type: 'conclave.collaboration.opened.v1',
      source: '/api',
      subject: id,
      data: {
        plan,
        content: { question: good.question, options: good.options, materials: [], personas: {} },
      },
    });
  });

  test('keeps materials as artifacts and their references in row and event', async () => {
    const house = createHouse();
    const materials = [{ name: 'plan.md', text: '# Plan' }];

    const response = await house.post('/v1/collaborations', { ...good, materials });

    const { id } = (await response.json()) as Accepted;
    const [[key, stored] = ['', undefined]] = house.artifacts;
    const ref = {
      name: 'plan.md',
      mediaType: 'text/markdown; charset=utf-8',
      bytes: 6,
      sha256: key.slice('a/'.length),
    };
    expect(Buffer.from(stored?.bytes ?? []).toString()).toBe('# Plan');
    expect(house.rows.get(`a/${id}`)?.request).toMatchObject({ materials: [ref] });
    expect(house.streams.get(`a/${id}`)?.[0]?.data).toMatchObject({
      content: { materials: [ref] },
    });
  });

  test('puts a question of more than 8 KB into an artifact', async () => {
    const house = createHouse();
    const question = `Why? ${'x'.repeat(9000)}`;

    const response = await house.post('/v1/collaborations', { ...good, question });

    const { id } = (await response.json()) as Accepted;
    const content = house.streams.get(`a/${id}`)?.[0]?.data['content'];
    expect(content).toMatchObject({ question: { bytes: 9005 } });
    expect(house.artifacts.size).toBe(1);
  });

  test('estimates the same plan without a trace', async () => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations/estimate', good);

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      plan: { rounds: 2 },
      estimate: { calls: 6 },
      simulated: false,
    });
    expect([house.rows.size, house.started.length]).toEqual([0, 0]);
  });
});

describe('an Idempotency-Key', () => {
  test('answers the same start again for the same body in another order', async () => {
    const house = createHouse();
    const first = await start(house, { 'idempotency-key': 'k1' });
    const { options, question, pattern } = good;

    const response = await house.post(
      '/v1/collaborations',
      { options, question, pattern },
      { 'idempotency-key': 'k1' },
    );

    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(await response.json()).toMatchObject({ id: first.id, plan: first.plan });
    expect(house.started).toHaveLength(1);
    expect(house.rows.size).toBe(1);
  });

  test('answers the same start again although its agents are gone', async () => {
    const house = createHouse();
    const first = await start(house, { 'idempotency-key': 'k1' });
    house.agents.clear();

    const response = await house.post('/v1/collaborations', good, { 'idempotency-key': 'k1' });

    expect(response.status).toBe(202);
    expect(response.headers.get('idempotency-replayed')).toBe('true');
    expect(await response.json()).toMatchObject({ id: first.id, plan: first.plan });
  });

  test('starts once although the same start comes twice at a time', async () => {
    const house = createHouse();

    const both = await Promise.all([
      start(house, { 'idempotency-key': 'k1' }),
      start(house, { 'idempotency-key': 'k1' }),
    ]);

    expect(both[1]).toMatchObject({ id: both[0].id, plan: both[0].plan });
    expect(house.rows.size).toBe(1);
  });

  test('stores the materials of a repeated start once', async () => {
    const house = createHouse();
    const body = { ...good, materials: [{ name: 'plan.md', text: '# Plan' }] };
    await house.post('/v1/collaborations', body, { 'idempotency-key': 'k1' });
    house.artifacts.clear();

    await house.post('/v1/collaborations', body, { 'idempotency-key': 'k1' });

    expect(house.artifacts.size).toBe(0);
  });

  test('tells the state of the run when the start is repeated after its end', async () => {
    const house = createHouse();
    const first = await start(house, { 'idempotency-key': 'k1' });
    house.seal('a', first.id);

    const again = await start(house, { 'idempotency-key': 'k1' });

    expect(again).toMatchObject({ id: first.id, status: 'completed' });
    expect(house.started).toHaveLength(1);
  });

  test('refuses another body', async () => {
    const house = createHouse();
    await start(house, { 'idempotency-key': 'k1' });

    const response = await house.post(
      '/v1/collaborations',
      { ...good, rounds: 3 },
      { 'idempotency-key': 'k1' },
    );

    const problem = await problemIn(response);
    expect(response.status).toBe(422);
    expect(problem.code).toBe('idempotency-key-reused');
    expect(problem.errors[0]?.field).toBe('Idempotency-Key');
    expect(house.rows.size).toBe(1);
  });
});

test('an agent whom nobody may call now sits in no default panel, unless none is left', async () => {
  const house = createHouse();
  const bob = agentNamed('bob', { baseUrl: 'http://127.0.0.1:10/v1' });
  house.agents.set('a/bob', bob);
  const open = [accountOf('a', bob)];
  house.deps.accounts.status = (accounts) =>
    Promise.resolve(
      accounts
        .filter((account) => open.includes(account))
        .map((account) => ({ ...standing, account, breaker: 'open' as const })),
    );
  const seated = async (): Promise<string[]> =>
    (await start(house)).plan.seats.map(({ agent }) => agent);

  const without = await seated();
  open.push(accountOf('a', agentNamed('ada')));
  const all = await seated();

  expect(without).toEqual(['ada', 'cyd']);
  expect(all).toEqual(['ada', 'bob', 'cyd']);
});

const standing = {
  breaker: 'closed',
  failures: 5,
  openUntil: null,
  blockedUntil: null,
  inFlight: 0,
  requestsLastMinute: 0,
} as const;

describe('Prefer: wait', () => {
  test('answers 200 with the decision when the run ends in time', async () => {
    const house = createHouse();
    const asked = house.post('/v1/collaborations', good, { prefer: 'wait=60' });
    await until(() => house.started.length === 1);
    house.seal('a', house.started[0]?.collaborationId ?? '');

    const response = await asked;

    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=60');
    expect(await response.json()).toMatchObject({ status: 'completed', decision });
  });

  test('answers 202 when the process is about to end', async () => {
    const house = createHouse();
    const asked = house.post('/v1/collaborations', good, { prefer: 'wait=60' });
    await until(() => house.started.length === 1);
    house.app.stop();

    const response = await asked;

    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ status: 'running' });
  });
});

describe('a start without Temporal', () => {
  test('is accepted as queued and started by the reconciler, once', async () => {
    const house = createHouse();
    house.isEngineAway = true;
    const { id, status } = await start(house);
    const reconciler = createReconciler(house.deps, house.app.metrics);

    await reconciler.runOnce();
    const whileAway = house.started.length;
    house.isEngineAway = false;
    await reconciler.runOnce();
    await reconciler.runOnce();
    await reconciler.stop();

    expect(status).toBe('queued');
    expect(whileAway).toBe(0);
    expect(house.started.map(({ collaborationId }) => collaborationId)).toEqual([id]);
    expect(house.rows.get(`a/${id}`)?.status).toBe('running');
  });
});

test('a run that Temporal refuses does not hold up those behind it', async () => {
  const house = createHouse();
  house.isEngineAway = true;
  const ids: string[] = [];
  for (let count = 0; count < 11; count += 1) ids.push((await start(house)).id);
  const last = ids.at(-1);
  house.deps.engine.start = ({ collaborationId }) =>
    collaborationId === last
      ? Promise.resolve({ kind: 'started' })
      : Promise.reject(new Error('3 INVALID_ARGUMENT'));
  const reconciler = createReconciler(house.deps, house.app.metrics);

  await reconciler.runOnce();
  await reconciler.stop();

  const running = [...house.rows.values()].filter(({ status }) => status === 'running');
  expect(running.map(({ collaborationId }) => collaborationId)).toEqual([last]);
});

describe('the list', () => {
  test('pages newest first and ends with its last entry', async () => {
    const house = createHouse();
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      house.nowMs += 1000;
      ids.unshift((await start(house)).id);
    }

    const pages: string[][] = [];
    let path: string | undefined = '/v1/collaborations?limit=2';
    while (path !== undefined) {
      const page = (await (await house.request(path)).json()) as {
        items: { id: string }[];
        links: { next?: string };
      };
      pages.push(page.items.map(({ id }) => id));
      path = page.links.next;
    }

    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2)]);
  });
});

/** Gives way until something holds; what is waited for is already under way. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000 && !holds(); turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(holds()).toBe(true);
}
