import { describe, expect, test } from '@jest/globals';

import type { KnownAdapter } from '../../infra/stores/adapter-store.ts';
import { createHouse, keys } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

const gpt = {
  name: 'gpt',
  provider: 'openai-compatible',
  baseUrl: 'http://127.0.0.1:9000/v1',
  model: 'm1',
};

describe('agents', () => {
  test('are registered, replaced, shown and removed', async () => {
    const house = createHouse();

    const created = await house.post('/v1/agents', {
      ...gpt,
      apiKeyEnv: 'SET_KEY',
      persona: 'critic',
      price: { inputMicrosUsdPerMillion: 150_000, outputMicrosUsdPerMillion: 600_000 },
      limits: { requestsPerMinute: 60 },
      fallback: 'ada',
    });
    const replaced = await house.post('/v1/agents', gpt);
    const listed = await (await house.request('/v1/agents')).json();
    const removed = await house.request('/v1/agents/gpt', { method: 'DELETE' });
    const gone = await house.request('/v1/agents/gpt');

    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/v1/agents/gpt');
    expect(await created.json()).toMatchObject({
      personas: ['critic'],
      price: { cachedMicrosUsdPerMillion: 150_000, asOf: '2026-11-21' },
      limits: { requestsPerMinute: 60 },
      simulated: false,
      warnings: [],
    });
    expect(replaced.status).toBe(200);
    expect(listed).toMatchObject({ items: [{}, {}, {}, { name: 'gpt', price: null }] });
    expect([removed.status, gone.status]).toEqual([204, 404]);
  });

  test('warn of a variable that is not set and of a missing price', async () => {
    const house = createHouse();

    const response = await house.post('/v1/agents', { ...gpt, apiKeyEnv: 'UNSET_KEY' });

    const { warnings } = (await response.json()) as { warnings: string[] };
    expect(warnings).toEqual([
      expect.stringContaining('UNSET_KEY'),
      expect.stringContaining('price'),
    ]);
  });

  test('name no variable for their key that is not on the list', async () => {
    const house = createHouse();

    const response = await house.post('/v1/agents', { ...gpt, apiKeyEnv: 'HOME' });

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({
      errors: [
        {
          field: 'apiKeyEnv',
          got: '"HOME"',
          expected: 'a variable that CONCLAVE_KEY_VARIABLES lists',
        },
      ],
    });
  });

  test('of the simulated panel are marked', async () => {
    const house = createHouse();

    const response = await house.post('/v1/agents', {
      ...gpt,
      baseUrl: 'http://127.0.0.1:4010/v1',
    });

    expect(await response.json()).toMatchObject({ simulated: true });
  });

  test.each([
    [{ ...gpt, name: 'a b' }, 'name'],
    [{ ...gpt, provider: 'acme' }, 'provider'],
    [{ ...gpt, baseUrl: 'ftp://127.0.0.1' }, 'baseUrl'],
    [{ ...gpt, baseUrl: 'http://me:pw@127.0.0.1' }, 'baseUrl'],
    [{ ...gpt, baseUrl: undefined }, 'baseUrl'],
    [{ ...gpt, apiKeyEnv: 'sk-123' }, 'apiKeyEnv'],
    [{ ...gpt, apiKeyEnv: 'CONCLAVE_DATABASE_URL' }, 'apiKeyEnv'],
    [{ ...gpt, apiKey: 'sk-123' }, 'apiKey'],
    [{ ...gpt, personas: ['clown'] }, 'personas'],
    [{ ...gpt, limits: { concurrent: 0 } }, 'limits.concurrent'],
    [{ ...gpt, price: { inputMicrosUsdPerMillion: -1 } }, 'price.inputMicrosUsdPerMillion'],
    [{ ...gpt, fallback: 'eve' }, 'fallback'],
    [{ ...gpt, fallback: 'gpt' }, 'fallback'],
  ])('are refused: %j', async (body, field) => {
    const house = createHouse();

    const response = await house.post('/v1/agents', body);

    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors.map((error) => error.field)).toContain(field);
    expect(house.agents.size).toBe(3);
  });

  test('may not call hosts that are not on the list', async () => {
    const house = createHouse();

    const response = await house.post('/v1/agents', { ...gpt, baseUrl: 'http://169.254.169.254/' });

    const problem = await problemIn(response);
    expect([response.status, problem.code]).toEqual([422, 'host-not-allowed']);
    expect(problem.errors[0]?.got).toBe('169.254.169.254');
  });

  test('of another tenant are not there', async () => {
    const house = createHouse();

    const shown = await house.request('/v1/agents/ada', { key: keys.b });
    const removed = await house.request('/v1/agents/ada', { method: 'DELETE', key: keys.b });

    expect([shown.status, removed.status]).toEqual([404, 404]);
    expect(house.agents.has('a/ada')).toBe(true);
  });
});

/** An adapter of which there are these many workers. */
function knownAdapter(
  workers: KnownAdapter['workers'],
  fields: Partial<KnownAdapter['description']> = {},
): KnownAdapter {
  const capabilities = {
    streaming: true,
    structuredOutput: true,
    vision: false,
    systemPrompt: true,
    promptCaching: false,
  };
  const own = { name: 'parley', version: '1.0.0', contract: 1, baseUrl: null, capabilities };
  return { description: { ...own, ...fields }, loadedAt: '2026-11-21T08:00:00.000Z', workers };
}

describe('agents of an adapter', () => {
  const pal = { name: 'pal', provider: 'parley', baseUrl: 'http://127.0.0.1:9000', model: 'm1' };
  const everywhere = { running: 2, having: 2, alike: 2 };

  test('are registered once a worker has loaded it', async () => {
    const house = createHouse();
    const before = await house.post('/v1/agents', pal);
    house.adapters.push(knownAdapter(everywhere));
    const after = await house.post('/v1/agents', pal);

    expect(before.status).toBe(422);
    expect(await before.json()).toMatchObject({
      errors: [
        {
          field: 'provider',
          got: '"parley"',
          expected: expect.stringContaining('an adapter that a worker has loaded') as unknown,
        },
      ],
    });
    expect(after.status).toBe(201);
    expect(await after.json()).toMatchObject({
      provider: 'parley',
      warnings: [expect.stringContaining('price')],
    });
  });

  test.each([
    [{ running: 2, having: 1, alike: 1 }, 'Some running workers lack the adapter parley'],
    [{ running: 2, having: 2, alike: 1 }, 'another version'],
    [{ running: 2, having: 0, alike: 0 }, 'No running worker has the adapter parley'],
  ])('come with a warning where workers are %j', async (workers, warning) => {
    const house = createHouse();
    house.adapters.push(knownAdapter(workers));

    const response = await house.post('/v1/agents', pal);

    const { warnings } = (await response.json()) as { warnings: string[] };
    expect(response.status).toBe(201);
    expect(warnings[0]).toContain(warning);
  });

  test('need an address where it has none, and may not leave the allowed hosts where it has one', async () => {
    const house = createHouse();
    const homeless = { ...pal, baseUrl: undefined };
    house.adapters.push(
      knownAdapter(everywhere),
      knownAdapter(everywhere, { name: 'far', baseUrl: 'https://far.example/v1' }),
      knownAdapter(everywhere, { name: 'near', baseUrl: 'http://127.0.0.1:1/v1' }),
    );

    const none = await problemIn(await house.post('/v1/agents', homeless));
    const far = await problemIn(await house.post('/v1/agents', { ...homeless, provider: 'far' }));
    const near = await house.post('/v1/agents', { ...homeless, provider: 'near' });

    expect(none.errors).toMatchObject([{ field: 'baseUrl', got: 'nothing' }]);
    expect([far.code, far.errors[0]?.got]).toEqual(['host-not-allowed', 'far.example']);
    expect(near.status).toBe(201);
  });

  test('are shown with it, and as failing while no running worker has it', async () => {
    const house = createHouse();
    house.adapters.push(knownAdapter({ running: 1, having: 0, alike: 0 }));
    await house.post('/v1/agents', pal);

    const shown: unknown = await (await house.request('/v1/providers')).json();

    expect(shown).toMatchObject({
      items: [
        { provider: 'openai-compatible', status: 'ok' },
        { provider: 'parley', status: 'failing', breaker: 'closed' },
      ],
      adapters: [
        {
          name: 'parley',
          version: '1.0.0',
          contract: 1,
          capabilities: { vision: false },
          status: 'absent',
          workers: { running: 1, having: 0 },
          agents: ['pal'],
        },
      ],
    });
  });

  test('are shown as well as their calls go where every running worker has it', async () => {
    const house = createHouse();
    house.adapters.push(knownAdapter(everywhere));
    await house.post('/v1/agents', pal);

    const shown: unknown = await (await house.request('/v1/providers')).json();

    expect(shown).toMatchObject({
      items: [{}, { provider: 'parley', status: 'ok' }],
      adapters: [{ status: 'ok' }],
    });
  });
});

test('providers are shown by account with the agents that share it', async () => {
  const house = createHouse();
  house.deps.accounts.status = (accounts) =>
    Promise.resolve(
      accounts.map((account) => ({
        account,
        breaker: 'open' as const,
        failures: 5,
        openUntil: '2026-11-21T09:01:00.000Z',
        blockedUntil: null,
        inFlight: 2,
        requestsLastMinute: 7,
      })),
    );

  const response = await house.request('/v1/providers');

  expect(await response.json()).toMatchObject({
    items: [
      {
        provider: 'openai-compatible',
        agents: ['ada', 'bob', 'cyd'],
        status: 'failing',
        breakerOpenUntil: '2026-11-21T09:01:00.000Z',
        inFlight: 2,
      },
    ],
  });
});
