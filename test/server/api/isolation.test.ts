import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { agentNamed } from '../../api/fake-house.ts';
import { openApi } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

const good = { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] };
const people = { points: ['start'], questions: ['Who reads the code?'] };

/** Bodies that the routes take, by the end of their path, so that it is not the body that is refused. */
const bodies: Readonly<Record<string, object>> = {
  'approvals/:id': { answer: 'skip' },
  messages: { text: 'Let me in.' },
  participants: { agent: 'ada' },
  budget: { tokens: 100_000 },
  resolution: { answer: 'tabs' },
};

let api: ApiFixture;
/** What the tenant `one` owns, by the name that a path has for it. */
let owned: Readonly<Record<string, string>>;

beforeAll(async () => {
  api = await openApi();
  for (const name of ['ada', 'bob']) await api.stores.agents.put('one', agentNamed(name));
  await api.stores.agents.put('two', agentNamed('eve'));
  const materials = [{ name: 'plan.md', text: '# Secret plan' }];
  const start = await api.post('/v1/collaborations', { ...good, people, materials }, 'key-one');
  const { id } = (await start.json()) as { id: string };
  const row = await api.stores.collaborations.get('one', id);
  const [material] = (row?.request as { materials: { sha256: string }[] }).materials;
  const url = 'http://127.0.0.1:9/hook';
  const registered = await api.post('/v1/webhooks', { url, events: ['*'] }, 'key-one');
  const { id: webhook } = (await registered.json()) as { id: string };
  const tested = await api.post(`/v1/webhooks/${webhook}/test`, {}, 'key-one');
  const { id: delivery } = (await tested.json()) as { id: string };
  const snippet = { lane: 'javascript', code: '"Secret code"' };
  const running = await api.post('/v1/sandbox/runs', snippet, 'key-one');
  const { id: run } = (await running.json()) as { id: string };
  owned = { id, name: 'ada', sha256: material?.sha256 ?? '', webhook, delivery, run };
});

afterAll(() => api.close());

/** Every route of the application whose path names something that belongs to a tenant. */
function routesWithOwner(): [string, string][] {
  const routes = api.app.api.routes
    .filter(({ method, path }) => method !== 'ALL' && /^\/v1\/.*:/.test(path))
    .map(({ method, path }): [string, string] => [method, path]);
  return [...new Map(routes.map((route) => [route.join(' '), route])).values()];
}

async function ask(method: string, pattern: string, key: string): Promise<Response> {
  const named = pattern.replaceAll(/:(\w+)/g, (_, name: string) => owned[name] ?? '');
  const path = pattern.includes('/approvals/') ? `${named}.question-1` : named;
  const [, body = {}] = Object.entries(bodies).find(([end]) => pattern.endsWith(`/${end}`)) ?? [];
  return await api.request(path, {
    method,
    key,
    ...(method === 'POST' && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
}

describe('another tenant', () => {
  test('gets 404 by every route that names something of this one', async () => {
    const routes = routesWithOwner();

    const statuses: string[] = [];
    for (const [method, path] of routes) {
      const response = await ask(method, path, 'key-two');
      statuses.push(`${String(response.status)} ${method} ${path}`);
    }

    expect(routes.length).toBeGreaterThanOrEqual(15);
    expect(statuses.filter((status) => !status.startsWith('404 '))).toEqual([]);
  });

  test('is not what the 404s come from: the owner gets none', async () => {
    const routes = routesWithOwner().filter(([method]) => method !== 'DELETE');

    const statuses: number[] = [];
    for (const [method, path] of routes) {
      const response = await ask(method, path, 'key-one');
      statuses.push(response.status);
      await response.body?.cancel();
    }

    expect(statuses).not.toContain(404);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
  });

  test.each([
    ['agents', 'name'],
    ['collaborations', 'id'],
    ['providers', 'name'],
    ['sandbox/runs', 'run'],
    ['webhooks', 'webhook'],
  ])(
    'sees nothing of this one in the list of %s, in which its owner sees it',
    async (list, what) => {
      const shown = `"${owned[what] ?? ''}"`;

      const [own, other] = await Promise.all(
        ['key-one', 'key-two'].map(async (key) => await api.request(`/v1/${list}`, { key })),
      );

      expect(await own?.text()).toContain(shown);
      const text = await other?.text();
      expect(text).toContain('"items":[');
      expect(text).not.toContain(shown);
      expect(text).not.toMatch(/"bob"|Tabs|hook"/);
    },
  );

  test('cannot use its agents, artifacts and idempotency keys', async () => {
    const start = async (body: object, key: string): Promise<Response> =>
      await api.request('/v1/collaborations', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'same' },
        body: JSON.stringify(body),
        key,
      });
    const own = await start({ ...good, participants: ['ada', 'bob'] }, 'key-one');

    const agent = await start({ ...good, participants: ['ada', 'eve'] }, 'key-two');
    const artifact = await start(
      { ...good, participants: ['eve', 'eve'], materials: [{ artifact: owned['sha256'] }] },
      'key-two',
    );
    const fresh = await start({ ...good, participants: ['eve', 'eve'] }, 'key-two');

    expect(own.status).toBe(202);
    expect([agent.status, artifact.status]).toEqual([422, 422]);
    expect(await agent.text()).toContain('participants[0]');
    expect(await artifact.text()).toContain('materials[0].artifact');
    expect(fresh.status).toBe(202);
    expect(fresh.headers.get('idempotency-replayed')).toBeNull();
  });
});
