import { describe, expect, test } from '@jest/globals';

import { createHouse, keys } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

describe('a key', () => {
  test.each([
    ['none', {}],
    ['an unknown one', { authorization: 'Bearer nobody' }],
    ['another scheme', { authorization: 'Basic a2V5' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['a second word', { authorization: `Bearer ${keys.a} more` }],
  ])('is needed: %s is refused', async (_, headers) => {
    const house = createHouse();

    const response = await house.request('/v1/collaborations', { key: null, headers });

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="conclave"');
    expect((await problemIn(response)).code).toBe('unauthorised');
  });

  test('that is too long to be one is not looked up', async () => {
    const house = createHouse();
    house.deps.tenants.tenantOfKey = () => Promise.resolve('a');

    const response = await house.request('/v1/agents', { key: 'k'.repeat(513) });

    expect(response.status).toBe(401);
  });

  test('is looked up once for many requests, and again after a while', async () => {
    const house = createHouse();
    let lookups = 0;
    house.deps.tenants.tenantOfKey = () => {
      lookups += 1;
      return Promise.resolve('a');
    };
    await Promise.all([1, 2, 3].map(() => house.request('/v1/agents')));
    const first = lookups;

    house.nowMs += 5001;
    await house.request('/v1/agents');

    expect([first, lookups]).toEqual([1, 2]);
  });

  test.each(['/v1/signing-keys', '/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'])(
    'is not needed for %s',
    async (path) => {
      const house = createHouse();

      const response = await house.request(path, { key: null });

      expect(response.status).toBe(200);
    },
  );
});

describe('a request that leads nowhere', () => {
  test('answers 404 with a problem', async () => {
    const house = createHouse();

    const response = await house.request('/v1/nothing');

    expect(response.status).toBe(404);
    expect((await problemIn(response)).code).toBe('not-found');
  });

  test.each([
    ['PUT', '/v1/collaborations', 'POST, GET, HEAD'],
    ['GET', '/v1/collaborations/c_1/pause', 'POST'],
    ['PATCH', '/v1/agents/ada', 'GET, HEAD, DELETE'],
  ])('answers 405 to %s %s', async (method, path, allow) => {
    const house = createHouse();

    const response = await house.request(path, { method });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect((await problemIn(response)).errors[0]).toEqual({
      field: 'method',
      got: method,
      expected: allow,
    });
  });
});

describe('a failure of ours', () => {
  test('tells nothing of itself but the request id', async () => {
    const house = createHouse();
    house.deps.agents.list = () => Promise.reject(new Error('password of row 7'));

    const response = await house.request('/v1/agents', { headers: { 'x-request-id': 'r-1' } });

    const text = await response.text();
    expect(response.status).toBe(500);
    expect(response.headers.get('x-request-id')).toBe('r-1');
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', requestId: 'r-1', errors: [] });
    expect(text).not.toContain('password');
  });

  test.each([
    ['database-unavailable', Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' })],
    ['artifacts-unavailable', Object.assign(new Error('gone'), { $metadata: { attempts: 4 } })],
  ])('that passes is told as %s', async (code, error) => {
    const house = createHouse();
    house.deps.agents.list = () => Promise.reject(error);

    const response = await house.request('/v1/agents');

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await problemIn(response)).code).toBe(code);
  });
});

describe('health', () => {
  test('is ready when every part answers, and says which does not', async () => {
    const house = createHouse();
    const parts = house.deps.parts as { name: string; probe: () => Promise<void> }[];
    parts.push({ name: 'database', probe: () => Promise.resolve() });
    const ready = await house.request('/readyz', { key: null });
    parts.push({
      name: 's3',
      probe: () => Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' })),
    });

    const failing = await house.request('/readyz', { key: null });

    expect(ready.status).toBe(200);
    expect(failing.status).toBe(503);
    expect(await failing.json()).toMatchObject({
      status: 'failing',
      parts: {
        database: { status: 'ok' },
        s3: { status: 'failing', error: 'ECONNREFUSED' },
      },
    });
  });

  test('counts requests by route, not by path', async () => {
    const house = createHouse();
    await house.request('/v1/agents/ada');
    await house.request('/v1/agents/eve');

    const text = await (await house.request('/metrics', { key: null })).text();

    expect(text).toMatch(
      /request_duration_seconds_count{method="GET",route="\/v1\/agents\/:name",status="200"} 1/,
    );
    expect(text).not.toContain('agents/eve');
    expect(text).toContain('conclave_event_watchers 0');
  });
});
