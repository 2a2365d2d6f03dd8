import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { openApi } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

const agent = { name: 'ada', provider: 'openai-compatible', baseUrl: 'http://h/v1', model: 'm' };

let api: ApiFixture;
let run: string;

beforeAll(async () => {
  api = await openApi();
  for (const name of ['ada', 'bob']) await api.post('/v1/agents', { ...agent, name }, 'key-one');
  const start = await api.post(
    '/v1/collaborations',
    { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] },
    'key-one',
  );
  run = ((await start.json()) as { links: { self: string } }).links.self;
});

afterAll(() => api.close());

function cursorOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

describe('values that a database refuses are refused before it', () => {
  test.each([
    ['an agent of a name that cannot be', '/v1/agents/%00', 404],
    [
      'a cursor with a moment of another form',
      `/v1/collaborations?cursor=${cursorOf('1|1|c_1')}`,
      400,
    ],
    [
      'a cursor with an id of another form',
      `/v1/collaborations?cursor=${cursorOf('1|2026-11-21T09:00:00.000Z|\0')}`,
      400,
    ],
    ['a year before the first', '/v1/collaborations?createdAfter=0000-01-01T00:00:00Z', 422],
    [
      'an offset that only RFC 3339 knows, which is told in UTC instead',
      '/v1/collaborations?createdAfter=2026-11-21T09:00:00%2B20:00',
      200,
    ],
  ])('%s', async (_, path, status) => {
    const response = await api.request(path, { key: 'key-one' });

    expect(response.status).toBe(status);
  });

  test.each([
    ['2147483646', 200],
    ['2147483647', 422],
    [String(Number.MAX_SAFE_INTEGER), 422],
  ])('the number %s of an event', async (after, status) => {
    const page = await api.request(`${run}/events?after=${after}`, { key: 'key-one' });

    expect(page.status).toBe(status);
  });

  test.each([
    ['model', { model: 'm\0' }],
    ['baseUrl', { baseUrl: 'http://h/\0' }],
    ['model', { model: 'm\ud800' }],
  ])('an agent whose %s cannot be stored', async (field, change) => {
    const response = await api.post('/v1/agents', { ...agent, ...change }, 'key-one');

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ field }] });
  });
});
