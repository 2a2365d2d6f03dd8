import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import type { Comparison } from '../../../domain/replay/comparison.ts';
import type { WhatIf } from '../../../domain/replay/what-if.ts';
import { House, type Answer, type Shown } from './house.ts';
import { answered, awaited } from './people.ts';
import { brokenPromises } from './promises.ts';
import { createGate, ScriptedProvider } from './scripted-provider.ts';

interface Accepted {
  readonly id: string;
  readonly status: string;
  readonly plan: Plan;
  readonly estimate: { readonly calls: number };
}

interface Problem {
  readonly code: string;
  readonly errors: readonly { readonly field: string; readonly expected: string }[];
}

type ShownFork = Shown & { readonly origin: object | null };

let house: House;
let provider: ScriptedProvider;
/** A debate of three seats in two rounds that has ended. */
let origin: Shown;
let events: readonly LedgerEvent[];
const runMs = 90_000;
const debate = {
  pattern: 'debate',
  question: 'Which store?',
  options: ['Postgres', 'SQLite', 'MySQL'],
  rounds: 2,
  stopOnStability: false,
  endsEarly: false,
};

beforeAll(async () => {
  house = await House.open();
  provider = await ScriptedProvider.start();
  const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo', 'sim-cy']);
  origin = await house.run({ ...debate, participants });
  events = await house.events(origin.id);
}, runMs);

afterAll(async () => {
  await provider.close();
  await house.close();
});

async function fork(id: string, body: object = {}, headers = {}): Promise<Answer<Accepted>> {
  return await house.call<Accepted>(`/v1/collaborations/${id}/forks`, { body, headers });
}

/** Number of the event in which a seat's turn ended. */
function seqOf(turn: string, of: readonly LedgerEvent[] = events): number {
  return of.find(({ data }) => data['turn'] === turn)?.seq ?? 0;
}

function positionsIn(of: readonly LedgerEvent[], task: string): readonly LedgerEvent[] {
  return of.filter(
    ({ type, data }) => type === 'conclave.position.submitted.v1' && data['task'] === task,
  );
}

describe('a fork in the middle of a round', () => {
  test(
    'asks only what is missing, and pays only for that',
    async () => {
      const [first] = positionsIn(events, 'revision');
      const before = provider.asked.length;

      const { status, headers, body } = await fork(origin.id, { seq: first?.seq });
      const run = (await house.ended(body.id)) as ShownFork;

      expect(status).toBe(202);
      expect(headers.get('location')).toBe(`/v1/collaborations/${body.id}`);
      expect(body.estimate.calls).toBe(2);
      expect(provider.asked.slice(before).map(({ round }) => round)).toEqual([2, 2]);
      expect(run.decision?.cost).toMatchObject({ calls: 2, reused: 4 });
      expect(run.budget.settled.tokens).toBe(
        (run.decision?.cost.inputTokens ?? 0) + (run.decision?.cost.outputTokens ?? 0),
      );
      expect(run.origin).toMatchObject({ collaborationId: origin.id, seq: first?.seq });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'gives its seats what the origin gave them',
    async () => {
      const [first] = positionsIn(events, 'revision');
      const before = provider.asked.length;

      const { body } = await fork(origin.id, { seq: first?.seq });
      await house.ended(body.id);

      const prompts = provider.asked.slice(0, before).map(({ text }) => text);
      const missing = provider.asked.slice(before).map(({ text }) => text);
      expect(missing).toHaveLength(2);
      expect(missing.every((text) => prompts.includes(text))).toBe(true);
    },
    runMs,
  );
});

test(
  'a fork goes on for more rounds, and a fork of it for more still',
  async () => {
    const before = provider.asked.length;

    const first = await fork(origin.id, { rounds: 3 });
    const third = await house.ended(first.body.id);
    const second = await fork(first.body.id, { rounds: 4 });
    const fourth = (await house.ended(second.body.id)) as ShownFork;

    expect(provider.asked.slice(before).map(({ round }) => round)).toEqual([3, 3, 3, 4, 4, 4]);
    expect(third.decision).toMatchObject({ rounds: 3, cost: { calls: 3, reused: 6 } });
    expect(fourth.decision).toMatchObject({ rounds: 4, cost: { calls: 3, reused: 9 } });
    expect(fourth.origin).toMatchObject({ collaborationId: first.body.id });
    expect(await brokenPromises(house, third)).toEqual([]);
    expect(await brokenPromises(house, fourth)).toEqual([]);
  },
  runMs,
);

test(
  'a paused fork asks nobody until a person has had a word',
  async () => {
    const closed = events.find(({ type }) => type === 'conclave.round.closed.v1')?.seq;
    const before = provider.asked.length;

    const { body } = await fork(origin.id, { seq: closed, paused: true });
    const said = await house.steer(body.id, 'messages', { text: 'Mind the backups, please.' });
    const shown = await house.call<Shown>(`/v1/collaborations/${body.id}`);
    const askedWhilePaused = provider.asked.length - before;
    await house.steer(body.id, 'resume');
    const run = await house.ended(body.id);

    const prompts = provider.asked.slice(before).map(({ text }) => text);
    expect([body.status, said, shown.body.status]).toEqual(['paused', 200, 'paused']);
    expect(askedWhilePaused).toBe(0);
    expect(prompts).toHaveLength(3);
    expect(prompts.every((text) => text.includes('Mind the backups'))).toBe(true);
    expect(await brokenPromises(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a run that goes on can be forked, and both come to their ends',
  async () => {
    const gate = createGate();
    const slow = await ScriptedProvider.start(async ({ model, round }) => {
      if (model === 'sim-cy' && round === 2) await gate.opened;
      return {};
    });
    const participants = await house.agentsOf(slow, ['sim-ada', 'sim-bo', 'sim-cy']);
    const id = await house.start({ ...debate, participants });
    await house.eventsUntil(id, ({ data }) => data['turn'] === 'revision-2-s1');

    const { body } = await fork(id, { budget: { tokens: 90_000 }, deadline: 'PT10M' });
    gate.open();
    const [run, forked] = [await house.ended(id), await house.ended(body.id)];
    await slow.close();

    expect(body.plan).toMatchObject({ budget: { tokens: 90_000 }, deadlineMs: 600_000 });
    expect(await brokenPromises(house, run)).toEqual([]);
    expect(await brokenPromises(house, forked)).toEqual([]);
  },
  runMs,
);

test(
  'a fork of a run that asks people shows their replies, and asks them for the decision anew',
  async () => {
    const people = { points: ['start', 'decision'], questions: ['Which cloud is it?'] };
    const participants = await house.agentsOf(provider, ['sim-ada', 'sim-bo']);
    const id = await house.start({ ...debate, participants, people, rounds: 1 });
    const question = await awaited(house, id, 'question-1');
    await answered(house, question.id, { answer: 'reply', choice: 'It is the one in Turin.' });
    await answered(house, (await awaited(house, id, 'decision-1')).id, { answer: 'reject' });
    await house.ended(id);
    const before = provider.asked.length;

    const { body } = await fork(id, { rounds: 2 });
    const asked = await awaited(house, body.id, 'decision-1');
    const waiting = await house.call<Shown>(`/v1/collaborations/${body.id}`);
    await answered(house, asked.id, { answer: 'approve' });
    const run = await house.ended(body.id);

    const prompts = provider.asked.slice(before).map(({ text }) => text);
    expect(prompts).toHaveLength(2);
    expect(prompts.every((text) => text.includes('It is the one in Turin.'))).toBe(true);
    expect([waiting.body.status, asked.state]).toEqual(['waiting', 'pending']);
    expect(run.decision?.people?.approvals.map(({ state }) => state)).toEqual([
      'answered',
      'answered',
    ]);
    expect(await brokenPromises(house, run)).toEqual([]);
  },
  runMs,
);

test(
  'a fork answers what-ifs and its comparison, and is listed by its origin',
  async () => {
    const { body } = await fork(origin.id, { seq: seqOf('proposal-1-s3') });
    await house.ended(body.id);
    const path = `/v1/collaborations/${body.id}`;

    const fewer = await house.call<WhatIf>(`${path}/replays`, { body: { rounds: 1 } });
    const comparison = await house.call<Comparison>(`${path}/comparison`);
    const forks = await house.call<{ items: { id: string }[] }>(
      `/v1/collaborations?origin=${origin.id}`,
    );

    expect(fewer.body).toMatchObject({ kind: 'answered', decision: { rounds: 1 } });
    expect(comparison.body.rows[0]).toMatchObject({ result: { kind: 'answered' } });
    expect(forks.body.items.map(({ id }) => id)).toContain(body.id);
    expect(forks.body.items.map(({ id }) => id)).not.toContain(origin.id);
  },
  runMs,
);

describe('the same Idempotency-Key', () => {
  test(
    'forks once, and refuses another body or another run',
    async () => {
      const headers = { 'idempotency-key': randomUUID() };
      const body = { seq: seqOf('revision-2-s1') };

      const [one, two] = await Promise.all([
        fork(origin.id, body, headers),
        fork(origin.id, body, headers),
      ]);
      const again = await fork(origin.id, body, headers);
      const other = await house.call<Problem>(`/v1/collaborations/${origin.id}/forks`, {
        body: { seq: 1 },
        headers,
      });
      const run = await house.ended(one.body.id);
      const ofFork = await house.call<Problem>(`/v1/collaborations/${run.id}/forks`, {
        body,
        headers,
      });

      expect([two.body.id, again.body.id]).toEqual([one.body.id, one.body.id]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
      expect([ofFork.status, ofFork.body.code]).toEqual([422, 'idempotency-key-reused']);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

test('nobody forks the run of another tenant, or one that is not there', async () => {
  const other = await House.open();
  const unknown = `c_${'0'.repeat(26)}`;

  const foreign = await other.call<Problem>(`/v1/collaborations/${origin.id}/forks`, { body: {} });
  const missing = await house.call<Problem>(`/v1/collaborations/${unknown}/forks`, { body: {} });
  const listed = await other.call<{ items: object[] }>(`/v1/collaborations?origin=${origin.id}`);
  await other.close();

  expect([foreign.status, foreign.body.code]).toEqual([404, 'not-found']);
  expect([missing.status, missing.body.code]).toEqual([404, 'not-found']);
  expect(listed.body.items).toEqual([]);
});

test.each<[object, string, string]>([
  [{ seq: 0 }, 'seq', 'from 1 on'],
  [{ seq: 999 }, 'seq', 'before the verdict'],
  [{ seq: 1, at: '2026-11-21T09:00:00Z' }, 'at', 'nothing beside seq'],
  [{ at: '2020-01-01T00:00:00Z' }, 'at', 'a time from'],
  [{ at: '2099-01-01T00:00:00Z' }, 'at', 'a time before'],
  [{ rounds: 1 }, 'rounds', 'from 2 to 5'],
  [{ rounds: 3, budget: { tokens: 10 } }, 'budget.tokens', 'what its next 3 calls need'],
  [{ deadline: 'soon' }, 'deadline', 'ISO 8601'],
  [{ stopOnStability: 'no' }, 'stopOnStability', 'true or false'],
  [{ paused: 1 }, 'paused', 'true or false'],
  [{ question: 'Another?' }, 'question', 'one of the fields'],
])('%j is refused, and nothing is started', async (body, field, expected) => {
  const before = await house.call<{ items: object[] }>(`/v1/collaborations?limit=200`);

  const answer = await house.call<Problem>(`/v1/collaborations/${origin.id}/forks`, { body });

  const after = await house.call<{ items: object[] }>(`/v1/collaborations?limit=200`);
  expect(answer).toMatchObject({ status: 422, body: { code: 'input-invalid' } });
  expect(answer.body.errors).toEqual([
    expect.objectContaining({ field, expected: expect.stringContaining(expected) }),
  ]);
  expect(after.body.items).toHaveLength(before.body.items.length);
});
