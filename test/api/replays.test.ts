import { createHash } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { position } from '../support/drive.ts';
import { planWith } from '../support/plans.ts';
import { runOf } from '../domain/replay/driven-run.ts';
import { keys, type House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';
import { createRunningHouse } from './running-house.ts';

/** Two of three are for o1; two rounds. */
const run = runOf(planWith(), (turn) => position(turn, turn.seat === 's3' ? 'o2' : 'o1'));

/** A house of tenant `a` with a run that has ended, whose Temporal cannot be reached. */
async function createSealedHouse(): Promise<{ house: House; path: string }> {
  const { house, id, path } = await createRunningHouse();
  house.streams.set(`a/${id}`, [...run.events]);
  const bytes = Buffer.from(canonicalJson(run.record));
  const recordSha256 = createHash('sha256').update(bytes).digest('hex');
  house.artifacts.set(`a/${recordSha256}`, { bytes, mediaType: 'application/json' });
  const row = house.rows.get(`a/${id}`);
  if (row === undefined) throw new Error('no row');
  const endedAt = new Date(house.nowMs).toISOString();
  house.rows.set(`a/${id}`, { ...row, status: 'completed', endedAt, recordSha256 });
  house.isEngineAway = true;
  house.started.length = 0;
  return { house, path };
}

describe('a replay', () => {
  test.each<[string, RequestInit]>([
    ['without a body', {}],
    ['with an empty body', { headers: { 'content-type': 'application/json' }, body: '' }],
    ['with no changes', { headers: { 'content-type': 'application/json' }, body: '{}' }],
  ])('%s comes to the same record', async (_, init) => {
    const { house, path } = await createSealedHouse();

    const response = await house.request(`${path}/replays`, { method: 'POST', ...init });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      kind: 'equal',
      events: run.events.length,
      decided: 5,
    });
  });

  test('names the first difference', async () => {
    const { house, path } = await createSealedHouse();
    for (const events of house.streams.values()) {
      const third = events[2];
      if (third !== undefined) events[2] = { ...third, data: { ...third.data, confidence: 1 } };
    }

    const response = await house.post(`${path}/replays`, {});

    expect(await response.json()).toMatchObject({
      kind: 'different',
      difference: { seq: 3, path: 'chain', recorded: 'changed' },
    });
  });
});

describe('a what-if', () => {
  test('is answered from the recorded replies', async () => {
    const { house, path } = await createSealedHouse();

    const response = await house.post(`${path}/replays`, { without: ['a1'], rounds: 1 });

    expect(await response.json()).toMatchObject({
      kind: 'answered',
      decision: { kind: 'no-decision', reason: 'tie' },
      difference: { isSameOutcome: false, from: 'words of o1', calls: -4 },
    });
  });

  test('says what was never given', async () => {
    const { house, path } = await createSealedHouse();

    const response = await house.post(`${path}/replays`, { protocol: { kind: 'judge' } });

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      kind: 'unanswerable',
      missing: [{ turn: 'judgement-2-chair', reason: 'the judge was never asked' }],
    });
  });

  test.each<[unknown, string, string]>([
    [{ protocl: { kind: 'judge' } }, 'protocl', 'one of the fields protocol'],
    [{ quorum: 4 }, 'quorum', '1 to 3, the number of participants'],
    [{ without: ['zed'] }, 'without[0]', 'one of: a1, a2, a3'],
    [{ rounds: 0 }, 'rounds', 'a whole number from 1 to 5'],
    [{ weights: { s1: 2 } }, 'weights.s1', 'none, or 1, under plurality'],
    [{ gate: { marginMin: 2 } }, 'gate.marginMin', 'a number from 0 to 1'],
    [{ gate: {}, rounds: 1 }, 'gate', 'at least 2 rounds'],
    ['[]', 'body', 'an object'],
  ])('with %j is refused', async (body, field, expected) => {
    const { house, path } = await createSealedHouse();

    const response = await house.post(`${path}/replays`, body);
    const problem = await problemIn(response);

    expect(response.status).toBe(422);
    expect(problem.errors[0]).toMatchObject({ field });
    expect(problem.errors[0]?.expected).toContain(expected);
  });

  test.each(['{', '{"quorum":2'])('with the body %j is malformed', async (body) => {
    const { house, path } = await createSealedHouse();

    expect((await house.post(`${path}/replays`, body)).status).toBe(400);
  });
});

test('a comparison has a row for every protocol', async () => {
  const { house, path } = await createSealedHouse();

  const response = await house.request(`${path}/comparison`);
  const body = (await response.json()) as { outcome: string; rows: { result: object }[] };

  expect(body.outcome).toBe('words of o1');
  expect(body.rows).toHaveLength(9);
  expect(body.rows[0]).toMatchObject({ isOriginal: true, protocol: { kind: 'plurality' } });
});

describe('the state', () => {
  test('is shown at any event, and now', async () => {
    const { house, path } = await createSealedHouse();

    const early = await (await house.request(`${path}/state?seq=4`)).json();
    const now = await (await house.request(`${path}/state`)).json();

    expect(early).toMatchObject({
      seq: 4,
      pass: { answered: ['s1', 's2'], outstanding: ['s3'] },
      tally: { answer: 'words of o1' },
      budget: { spent: { tokens: 300 } },
    });
    expect(now).toMatchObject({ status: 'decided', seq: run.events.length });
  });

  test('is shown at any time', async () => {
    const { house, path } = await createSealedHouse();

    const response = await house.request(`${path}/state?at=2026-11-21T10:00:03.5%2B01:00`);

    expect(await response.json()).toMatchObject({ seq: 4 });
  });

  test('is shown of a run that has not ended', async () => {
    const { house, path } = await createRunningHouse();

    expect(await (await house.request(`${path}/state`)).json()).toMatchObject({
      seq: 2,
      status: 'running',
      pass: { phase: 'proposal' },
    });
  });

  test.each<[string, string]>([
    ['seq=99', 'seq'],
    ['seq=0', 'seq'],
    ['seq=x', 'seq'],
    ['at=noon', 'at'],
    ['at=2020-01-01T00:00:00Z', 'at'],
    ['seq=1&at=2026-11-21T09:00:00Z', 'at'],
    ['seqs=1', 'seqs'],
  ])('is refused for %s', async (query, field) => {
    const { house, path } = await createSealedHouse();

    const response = await house.request(`${path}/state?${query}`);
    const problem = await problemIn(response);

    expect(response.status).toBe(422);
    expect(problem.errors).toHaveLength(1);
    expect(problem.errors[0]?.field).toBe(field);
  });
});

describe('looking back', () => {
  const ways: readonly [string, string][] = [
    ['POST', 'replays'],
    ['GET', 'comparison'],
    ['GET', 'state'],
  ];

  test.each(ways)('%s %s starts nothing and reaches nobody', async (method, part) => {
    const { house, path } = await createSealedHouse();
    const before = JSON.stringify([...house.streams, ...house.rows]);

    const response = await house.request(`${path}/${part}`, { method });

    expect(response.status).toBe(200);
    expect([house.started, house.steered, house.messages]).toEqual([[], [], []]);
    expect(JSON.stringify([...house.streams, ...house.rows])).toBe(before);
  });

  test.each(ways)('%s %s is not for other tenants', async (method, part) => {
    const { house, path } = await createSealedHouse();

    const response = await house.request(`${path}/${part}`, { method, key: keys.b });

    expect(response.status).toBe(404);
  });

  test.each(ways.slice(0, 2))('%s %s waits for the end', async (method, part) => {
    const { house, path } = await createRunningHouse();

    const response = await house.request(`${path}/${part}`, { method });
    const problem = await problemIn(response);

    expect(response.status).toBe(409);
    expect(problem.code).toBe('not-ended');
    expect(problem.errors[0]).toEqual({ field: 'status', got: 'running', expected: 'completed' });
  });
});
