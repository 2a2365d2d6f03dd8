import { describe, expect, test } from '@jest/globals';

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
