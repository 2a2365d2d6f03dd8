import { describe, expect, test } from '@jest/globals';

import { createHouse } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

const good = { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] };

/** Nothing was started and nothing was written. */
function traces(house: House): object {
  return {
    started: house.started.length,
    rows: house.rows.size,
    artifacts: house.artifacts.size,
    streams: house.streams.size,
  };
}
const none = { started: 0, rows: 0, artifacts: 0, streams: 0 };

const wrongBodies: [string, object, { field: string; got: string; expected: RegExp }][] = [
  [
    'an unknown field',
    { ...good, topic: 1 },
    { field: 'topic', got: '1', expected: /pattern, question/ },
  ],
  [
    'a wrong type',
    { ...good, question: 7 },
    { field: 'question', got: '7', expected: /a text of 1 to 20,000 characters/ },
  ],
  ['no rounds', { ...good, rounds: 0 }, { field: 'rounds', got: '0', expected: /from 1 to 5/ }],
  [
    'one participant in a debate',
    { ...good, participants: ['ada'] },
    { field: 'participants', got: '1 participant', expected: /at least 2/ },
  ],
  [
    'an unknown agent',
    { ...good, participants: ['ada', 'eve'] },
    { field: 'participants[1]', got: '"eve"', expected: /ada, bob, cyd/ },
  ],
  [
    'a budget that is too small for one round',
    { ...good, budget: { tokens: 10 } },
    { field: 'budget.tokens', got: '10', expected: /at least \d+ tokens/ },
  ],
  [
    'an artifact that was never put',
    { ...good, materials: [{ artifact: 'a'.repeat(64) }] },
    { field: 'materials[0].artifact', got: 'a'.repeat(64), expected: /put to \/v1\/artifacts/ },
  ],
  [
    'a malformed deadline beside a text material',
    { ...good, deadline: '10 min', materials: [{ name: 'a.md', text: 'x' }] },
    { field: 'deadline', got: '"10 min"', expected: /ISO 8601/ },
  ],
];

describe('the body of a start', () => {
  test.each(wrongBodies)('refuses %s by field, and leaves no trace', async (_, body, fault) => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations', body);

    const problem = await problemIn(response);
    expect(response.status).toBe(422);
    expect(problem.code).toBe('input-invalid');
    expect(problem.errors).toContainEqual({
      ...fault,
      expected: expect.stringMatching(fault.expected),
    });
    expect(traces(house)).toEqual(none);
  });

  test.each(wrongBodies)('refuses %s in an estimate too', async (_, body, fault) => {
    const house = createHouse();

    const problem = await problemIn(await house.post('/v1/collaborations/estimate', body));

    expect(problem.errors.map(({ field }) => field)).toContain(fault.field);
    expect(traces(house)).toEqual(none);
  });

  test('says where JSON is broken', async () => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations', '{\n  "pattern": "debate",\n  oops }');

    const problem = await problemIn(response);
    expect(response.status).toBe(400);
    expect(problem.detail).toContain('line 3, column 3');
    expect(problem.errors).toEqual([
      { field: 'body', got: '"oops }"', expected: 'a property name in double quotes' },
    ]);
    expect(traces(house)).toEqual(none);
  });

  test('refuses an empty body', async () => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations', '');

    expect(response.status).toBe(400);
    expect((await problemIn(response)).errors[0]?.got).toBe('the end of the text');
  });

  test('refuses bytes that are not UTF-8', async () => {
    const house = createHouse();

    const response = await house.request('/v1/collaborations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Uint8Array([0x7b, 0xff, 0x7d]),
    });

    expect(response.status).toBe(400);
    expect((await problemIn(response)).code).toBe('body-malformed');
  });

  test.each([['text/plain'], ['application/x-www-form-urlencoded'], ['application/json5']])(
    'refuses the media type %j',
    async (mediaType) => {
      const house = createHouse();

      const response = await house.post('/v1/collaborations', good, { 'content-type': mediaType });

      expect(response.status).toBe(415);
      expect((await problemIn(response)).errors).toEqual([
        { field: 'Content-Type', got: mediaType, expected: 'application/json' },
      ]);
      expect(traces(house)).toEqual(none);
    },
  );

  test('refuses a body over the limit by its announced length, unread', async () => {
    const house = createHouse();
    const length = 11_000_001;

    const response = await house.post('/v1/collaborations', good, {
      'content-length': String(length),
    });

    expect(response.status).toBe(413);
    expect((await problemIn(response)).errors[0]).toEqual({
      field: 'body',
      got: '11000001 bytes',
      expected: 'at most 11000000 bytes',
    });
    expect(traces(house)).toEqual(none);
  });

  test('stops reading a body without length as soon as it is over the limit', async () => {
    const house = createHouse();
    const chunk = new Uint8Array(1_000_000).fill(0x20);
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          chunks += 1;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );

    const response = await house.request('/v1/collaborations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    });

    expect(response.status).toBe(413);
    expect(chunks).toBe(12);
    expect(traces(house)).toEqual(none);
  });

  test('refuses texts of more than 10 MB in all', async () => {
    const house = createHouse();
    const text = 'x'.repeat(10_500_000);

    const response = await house.post('/v1/collaborations', {
      ...good,
      materials: [{ name: 'a.txt', text }],
    });

    const problem = await problemIn(response);
    expect(response.status).toBe(422);
    expect(problem.errors[0]?.field).toMatch(/^materials/);
    expect(JSON.stringify(problem).length).toBeLessThan(2000);
    expect(traces(house)).toEqual(none);
  });
});

describe('headers and parameters', () => {
  test.each([
    ['Idempotency-Key', { 'idempotency-key': 'k'.repeat(256) }, 'idempotency-key'],
    ['Idempotency-Key with a blank', { 'idempotency-key': 'a b' }, 'idempotency-key'],
    ['Prefer', { prefer: 'wait=0' }, 'Prefer'],
    ['Prefer', { prefer: 'wait=121' }, 'Prefer'],
    ['Prefer', { prefer: 'respond-async, wait=soon' }, 'Prefer'],
  ])('refuses a malformed %s', async (_, headers, field) => {
    const house = createHouse();

    const response = await house.post('/v1/collaborations', good, headers);

    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors[0]?.field).toBe(field);
    expect(traces(house)).toEqual(none);
  });

  test.each([
    ['limit=0', 'limit', '"0"'],
    ['limit=201', 'limit', '"201"'],
    ['limit=ten', 'limit', '"ten"'],
    ['status=done', 'status', '"done"'],
    ['pattern=duel', 'pattern', '"duel"'],
    ['createdAfter=yesterday', 'createdAfter', '"yesterday"'],
    ['stauts=running', 'stauts', '"running"'],
  ])('refuses the query %s', async (query, field, got) => {
    const house = createHouse();

    const response = await house.request(`/v1/collaborations?${query}`);

    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors[0]).toMatchObject({ field, got });
  });

  test.each([['abc'], ['%7Cx'], [Buffer.from('1|2026-01-01|c_1|x').toString('base64url')]])(
    'refuses the cursor %s',
    async (cursor) => {
      const house = createHouse();

      const response = await house.request(`/v1/collaborations?cursor=${cursor}`);

      expect(response.status).toBe(400);
      expect((await problemIn(response)).code).toBe('cursor-invalid');
    },
  );
});
