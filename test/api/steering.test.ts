import { describe, expect, test } from '@jest/globals';

import { createRunningHouse } from './running-house.ts';
import { problemIn } from './problem-body.ts';

describe('a step of steering', () => {
  test.each([
    ['pause', undefined, { by: '/users/a' }],
    ['resume', {}, { by: '/users/a' }],
    ['cancel', undefined, { by: '/users/a', reason: 'no reason given' }],
    ['cancel', { reason: 'too dear' }, { by: '/users/a', reason: 'too dear' }],
    ['close', undefined, { by: '/users/a', scope: 'round' }],
    ['close', { scope: 'run' }, { by: '/users/a', scope: 'run' }],
  ])('sends %s with the body %j', async (step, body, input) => {
    const { house, id, path } = await createRunningHouse();

    const response = await house.request(`${path}/${step}`, {
      method: 'POST',
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id, status: 'running' });
    expect(house.steered).toEqual([
      {
        name: step,
        target: { collaborationId: id, pattern: 'debate', updateId: expect.stringContaining('/') },
        input,
      },
    ]);
  });

  test('takes a media type without a body for no body', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/pause`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });

    expect(response.status).toBe(200);
  });

  test('refuses a body without a media type', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/cancel`, {
      method: 'POST',
      body: new TextEncoder().encode('{"reason":"x"}'),
    });

    expect(response.status).toBe(415);
    expect(house.steered).toEqual([]);
  });

  test('is one update for one Idempotency-Key', async () => {
    const { house, path } = await createRunningHouse();

    await house.post(`${path}/pause`, {}, { 'idempotency-key': 'k1' });

    expect(house.steered[0]?.target.updateId).toBe('pause/k1');
  });

  test('tells what the run refused', async () => {
    const { house, path } = await createRunningHouse();
    house.outcome = { kind: 'refused', type: 'not-paused', message: 'the run is not paused' };

    const response = await house.post(`${path}/resume`, {});

    const problem = await problemIn(response);
    expect(response.status).toBe(409);
    expect([problem.code, problem.detail]).toEqual(['not-paused', 'The run is not paused.']);
  });

  test('tells nothing of a failure of unknown type', async () => {
    const { house, path } = await createRunningHouse();
    house.outcome = { kind: 'refused', type: 'TypeError', message: 'secret of line 7' };

    const response = await house.post(`${path}/resume`, {});

    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
  });

  test('is refused by a run that has ended, as its row or as Temporal says', async () => {
    const { house, id, path } = await createRunningHouse();
    house.outcome = { kind: 'ended' };
    const byTemporal = await house.post(`${path}/pause`, {});
    house.seal('a', id);
    const byRow = await house.post(`${path}/pause`, {});

    expect([byTemporal.status, byRow.status]).toEqual([409, 409]);
    expect((await problemIn(byTemporal)).code).toBe('collaboration-ended');
    expect((await problemIn(byRow)).code).toBe('collaboration-ended');
    expect(house.steered).toHaveLength(1);
  });

  test('is not waited for beyond the end of its run where nobody answers it', async () => {
    const { house, id, path } = await createRunningHouse();
    house.outcome = () => {
      house.seal('a', id);
      return new Promise(() => undefined);
    };

    const response = await house.post(`${path}/pause`, {});

    expect(response.status).toBe(409);
    expect((await problemIn(response)).code).toBe('collaboration-ended');
    expect(house.steered).toHaveLength(1);
  });

  test('that the end left unanswered is told what the ledger has of it', async () => {
    const { house, id, path } = await createRunningHouse();
    house.outcome = () => {
      const type = 'conclave.collaboration.paused.v1';
      house.append('a', id, { id: `${id}/update-pause/k1`, type, data: { by: '/users/a' } });
      house.seal('a', id);
      return new Promise(() => undefined);
    };

    const response = await house.post(`${path}/pause`, {}, { 'idempotency-key': 'k1' });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id, status: 'ended' });
  });

  test('answers 503 with Retry-After when the run cannot be reached', async () => {
    const { house, path } = await createRunningHouse();
    house.outcome = { kind: 'unreachable', cause: new Error('14 UNAVAILABLE') };

    const response = await house.post(`${path}/pause`, {});

    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await problemIn(response)).code).toBe('temporal-unavailable');
  });

  test.each([
    ['pause', { why: 1 }, 'why'],
    ['cancel', { reason: 7 }, 'reason'],
    ['close', { scope: 'all' }, 'scope'],
    ['messages', {}, 'text'],
    ['messages', { text: ' ' }, 'text'],
    ['participants', {}, 'agent'],
    ['participants', { agent: 'eve' }, 'agent'],
    ['participants', { agent: 'ada', persona: 'clown' }, 'persona'],
    ['budget', {}, 'body'],
    ['budget', { tokens: 0 }, 'tokens'],
    ['budget', { usd: 0.0000001 }, 'usd'],
  ])('refuses %s with the body %j', async (step, body, field) => {
    const { house, path } = await createRunningHouse();

    const response = await house.post(`${path}/${step}`, body);

    expect(response.status).toBe(422);
    expect((await problemIn(response)).errors[0]?.field).toBe(field);
    expect([house.steered, house.messages]).toEqual([[], []]);
  });
});

describe('a contribution', () => {
  test('stores the text of a message before the run hears of its id', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.post(
      `${path}/messages`,
      { text: 'Mind the gap.' },
      { 'idempotency-key': 'k1' },
    );

    expect(await response.json()).toMatchObject({ messageId: 'key/k1' });
    expect(house.messages).toEqual([{ messageId: 'key/k1', text: 'Mind the gap.' }]);
    expect(house.steered[0]).toMatchObject({
      name: 'addMessage',
      input: { by: '/users/a', messageId: 'key/k1' },
    });
  });

  test('seats a participant after those that are there', async () => {
    const { house, path } = await createRunningHouse();

    const response = await house.post(`${path}/participants`, { agent: 'bob', persona: 'critic' });

    expect(await response.json()).toMatchObject({ seat: 's4' });
    expect(house.steered[0]?.input).toEqual({
      by: '/users/a',
      seat: {
        ...{ seat: 's4', agent: 'bob', personas: ['critic'], weight: 0.8, simulated: false },
        model: { provider: 'openai-compatible', model: 'm' },
      },
    });
  });

  test('sets the limits that are named and keeps the others', async () => {
    const { house, path } = await createRunningHouse();

    await house.post(`${path}/budget`, { usd: 1.25 });

    expect(house.steered[0]).toMatchObject({
      name: 'raiseBudget',
      input: { by: '/users/a', budget: { tokens: null, microsUsd: 1_250_000 } },
    });
  });
});

describe('a key that came before', () => {
  const by = '/users/a';
  const seat = { seat: 's9', agent: 'bob', personas: ['critic'], weight: 1, simulated: false };
  const budget = { tokens: 60_000, microsUsd: null };

  const steps: [string, object, object, object][] = [
    ['cancel', { reason: 'too dear' }, { reason: 'too slow' }, { by, reason: 'too dear' }],
    ['close', { scope: 'run' }, {}, { by, scope: 'run' }],
    ['participants', { agent: 'bob', persona: 'critic' }, { agent: 'ada' }, { by, seat }],
    ['participants', { agent: 'bob' }, { agent: 'bob', weight: 2 }, { by, seat }],
    ['budget', { tokens: 60_000 }, { tokens: 60_001 }, { by, budget }],
    ['budget', { tokens: 60_000 }, { tokens: 60_000, usd: 1 }, { by, budget }],
  ];

  test.each(steps)(
    'finds what %s %j did, and is refused with %j, also after the end',
    async (step, body, other, data) => {
      const { house, id, path } = await createRunningHouse();
      house.append('a', id, { id: `${id}/update-${step}/k1`, data: { ...data } });
      house.seal('a', id);

      const again = await house.post(`${path}/${step}`, body, { 'idempotency-key': 'k1' });
      const reused = await house.post(`${path}/${step}`, other, { 'idempotency-key': 'k1' });

      expect(again.status).toBe(200);
      expect(await again.json()).toEqual({
        id,
        status: 'ended',
        ...(step === 'participants' && { seat: 's9' }),
      });
      expect(reused.status).toBe(422);
      expect((await problemIn(reused)).code).toBe('idempotency-key-reused');
      expect(house.steered).toEqual([]);
    },
  );

  test('is refused with another message, and the first one stays', async () => {
    const { house, path } = await createRunningHouse();
    const headers = { 'idempotency-key': 'k1' };
    await house.post(`${path}/messages`, { text: 'Mind the gap.' }, headers);

    const reused = await house.post(`${path}/messages`, { text: 'Never mind.' }, headers);

    expect(reused.status).toBe(422);
    expect((await problemIn(reused)).code).toBe('idempotency-key-reused');
    expect(house.messages).toEqual([{ messageId: 'key/k1', text: 'Mind the gap.' }]);
    expect(house.steered).toHaveLength(1);
  });

  test('is refused also when another call with it was faster', async () => {
    const { house, id, path } = await createRunningHouse();
    house.deps.engine.close = () => {
      house.append('a', id, { id: `${id}/update-close/k1`, data: { by, scope: 'run' } });
      return Promise.resolve({ kind: 'done', status: 'ended' });
    };

    const response = await house.post(`${path}/close`, {}, { 'idempotency-key': 'k1' });

    expect((await problemIn(response)).code).toBe('idempotency-key-reused');
  });
});
