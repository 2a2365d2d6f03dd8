import { describe, expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import { forkSchema, type ForkAsked } from '../../../domain/replay/fork-schema.ts';
import { faultsOf } from '../../../domain/collaboration/request-schema.ts';
import { resumptionOf } from '../../../domain/ledger/resumption.ts';
import { forkOf } from '../../../domain/replay/fork.ts';
import { planWith } from '../../support/plans.ts';
import { vote, saying } from './asking.ts';
import { recordedAs, runOf } from './driven-run.ts';
import { askFork, chainOf, driveOn, factsOfFork, fork } from './forked-run.ts';

/** Three seats in two rounds; 11 events, the last one the verdict. */
const debate = runOf(
  planWith({ rounds: 2, stopOnStability: false }),
  saying({ 'proposal-1-s2': 'o2', 'revision-2-s2': 'o2' }),
);
const decidedAt = debate.events.length;

function typesOf(facts: readonly Fact[]): readonly string[] {
  return facts.map(({ type }) => type);
}

function faultsIn(asked: ForkAsked): readonly string[] {
  const result = askFork(debate.events, asked);
  if (result.ok) throw new Error('it may begin');
  return result.faults.map(({ field, got, expected }) => `${field}: ${got}; ${expected}`);
}

describe('a fork', () => {
  test('begins at the last moment before the verdict where no other is asked for', () => {
    const { plan, events } = fork(debate.events);

    const { hash } = debate.events[decidedAt - 2] ?? {};
    expect(plan.origin).toEqual({
      collaborationId: 'c_sample',
      seq: decidedAt - 1,
      hash,
      events: decidedAt - 1,
    });
    expect(events).toHaveLength(decidedAt - 1);
  });

  test('begins at the head of a run that goes on', () => {
    const running = debate.events.slice(0, 4);

    expect(fork(running).plan.origin).toMatchObject({ seq: 4, events: 4 });
  });

  test('begins where a time falls', () => {
    const time = debate.events[5]?.time ?? '';

    expect(fork(debate.events, { at: time }).plan.origin).toMatchObject({ seq: 6 });
  });

  test('names itself wherever its origin was named, at its own time', () => {
    const events = fork(debate.events, { seq: 3 }).events;

    expect(events.map(({ id, source, subject, time }) => [id, source, subject, time])).toEqual(
      [1, 2, 3].map((number) => [
        `c_fork/${number}`,
        '/collaborations/c_fork',
        'c_fork',
        '2026-11-22T09:00:00.000Z',
      ]),
    );
  });

  test('takes turns over at no cost, saying where they were paid', () => {
    const [, , third] = fork(debate.events, { seq: 3 }).events;

    expect(third?.data).toMatchObject({
      turn: 'proposal-1-s1',
      usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
      microsUsd: 0,
      reused: 3,
      content: { answer: 'words of o1' },
    });
  });

  test('does not take over what was charged for calls that were lost or of unknown cost', () => {
    const facts = debate.facts.map((fact) =>
      'turn' in fact && fact.type === 'position.submitted'
        ? {
            ...fact,
            microsUsd: null,
            charged: { tokens: 700, microsUsd: 5 },
            lost: { calls: 1, tokens: 700, microsUsd: 5 },
          }
        : fact,
    );

    const [, , third] = factsOfFork(fork(recordedAs(facts).events, { seq: 3 }));

    expect(third).toMatchObject({ reused: 3, microsUsd: 0 });
    expect(third).not.toHaveProperty('charged');
    expect(third).not.toHaveProperty('lost');
  });

  test('leaves behind what ended or held its origin, and what tells of its money', () => {
    const by = '/users/ann';
    const [opened, round, first, ...rest] = debate.facts;
    const facts = [opened, round, first].flatMap((fact) => fact ?? []);
    const refused: Fact = {
      type: 'turn.refused',
      turn: 'proposal-1-s2',
      task: 'proposal',
      round: 1,
      seat: 's2',
      reason: 'budget',
    };
    const left: readonly Fact[] = [
      { type: 'threshold.reached', percent: 80 },
      { type: 'collaboration.paused', by },
      { type: 'collaboration.resumed', by },
      { type: 'budget.raised', by, budget: { tokens: 5_000, microsUsd: null } },
      { type: 'closing.requested', by, scope: 'round' },
      { type: 'deadline.passed' },
      { type: 'collaboration.cancelled', by, reason: 'enough' },
      refused,
    ];
    const message: Fact = { type: 'message.added', by, messageId: 'm1' };

    const forked = fork(recordedAs([...facts, ...left, message, ...rest]).events, { seq: 12 });

    expect(typesOf(factsOfFork(forked))).toEqual([
      'collaboration.opened',
      'round.opened',
      'position.submitted',
      'message.added',
    ]);
    expect(forked.plan.budget).toEqual({ tokens: 5_000, microsUsd: null });
    expect(forked.plan.origin).toMatchObject({ seq: 12, events: 4 });
  });

  test('asks the rest of the pass that was open, and goes on', () => {
    const driven = driveOn(fork(debate.events, { seq: 4 }), saying({}));

    expect(driven.asked).toEqual([
      'proposal-1-s3',
      'revision-2-s1',
      'revision-2-s2',
      'revision-2-s3',
    ]);
    expect(driven.record.decision).toMatchObject({
      kind: 'decided',
      cost: { calls: 4, reused: 2, usd: 0.00012 },
    });
  });

  test('goes on for more rounds', () => {
    const driven = driveOn(fork(debate.events, { rounds: 3 }), saying({}));

    expect(driven.asked).toEqual(['revision-3-s1', 'revision-3-s2', 'revision-3-s3']);
    expect(driven.record.decision).toMatchObject({ rounds: 3, cost: { calls: 3, reused: 6 } });
  });

  test('goes on for more rounds also where its origin could end its last one early', () => {
    const certain = runOf(planWith({ rounds: 2, endsEarly: true }), saying({}));

    const driven = driveOn(fork(certain.events, { rounds: 3, stopOnStability: false }), saying({}));

    expect(certain.record.decision).toMatchObject({ stoppedBy: 'certain' });
    expect(driven.record.decision.rounds).toBe(3);
  });

  test('is written up anew where it goes on, and the last text counts', () => {
    const open = planWith({ optionKeys: [], synthesis: true, stopOnStability: false });
    const origin = runOf(open, saying({ s1: 'a1', s2: 'a1', s3: 'a1' }));

    const driven = driveOn(fork(origin.events, { rounds: 3 }), saying({ s1: 'a1' }));

    expect(driven.asked.at(-1)).toBe('synthesis-3-chair');
    expect(typesOf(driven.facts).filter((type) => type === 'synthesis.written')).toHaveLength(2);
  });

  test('changes plan and budget for what is new alone', () => {
    const { plan } = fork(debate.events, {
      seq: 4,
      rounds: 4,
      stopOnStability: true,
      deadline: 'PT10M',
      budget: { tokens: 9_000, usd: 0.5 },
    });

    expect(plan).toMatchObject({
      rounds: 4,
      stopOnStability: true,
      deadlineMs: 600_000,
      budget: { tokens: 9_000, microsUsd: 500_000 },
    });
  });

  test('keeps a limit that is not given', () => {
    const limited = runOf(planWith({ budget: { tokens: 90_000, microsUsd: 700_000 } }), saying({}));

    const { plan } = fork(limited.events, { seq: 4, budget: { usd: 0.4 } });

    expect(plan.budget).toEqual({ tokens: 90_000, microsUsd: 400_000 });
  });

  test('may begin paused', () => {
    const { events, plan } = fork(debate.events, { seq: 2, paused: true });

    expect(events.at(-1)).toMatchObject({
      id: 'c_fork/paused',
      type: 'conclave.collaboration.paused.v1',
      source: '/api',
      subject: 'c_fork',
      data: { by: '/users/ann' },
    });
    expect(plan.origin?.events).toBe(2);
    expect(resumptionOf(chainOf(events), []).state.isPaused).toBe(true);
  });

  test('is estimated by what is new', () => {
    const { estimate } = fork(debate.events, { seq: 4 });

    // One proposal and three revisions, which read three proposals of 125 tokens.
    expect(estimate).toMatchObject({
      calls: 4,
      inputTokens: 200 + 3 * (200 + 3 * 125),
      outputTokens: 4 * 500,
      oneRoundTokens: 700,
      oneRoundMicrosUsd: 700,
    });
  });

  test('has nothing left to ask where its origin only had to count', () => {
    const counted = runOf(vote(), saying({}));

    const { estimate } = fork(counted.events, { budget: { tokens: 1, usd: 0.000001 } });

    expect(estimate).toMatchObject({ calls: 0, oneRoundTokens: 0, oneRoundMicrosUsd: 0 });
  });

  test('estimates no price where one is unknown', () => {
    const identity = { collaborationId: 'c_fork', time: '2026-11-22T09:00:00.000Z', by: '/api' };

    const forked = forkOf(debate.events, { seq: 4 }, { ...identity, prices: { a1: null } });

    expect(forked).toMatchObject({ ok: true, estimate: { microsUsd: null } });
  });
});

test('dollars beside tokens hold also where a price is unknown', () => {
  const identity = { collaborationId: 'c_fork', time: '2026-11-22T09:00:00.000Z', by: '/api' };
  const budget = { tokens: 9_000, usd: 0.001 };

  const forked = forkOf(debate.events, { seq: 4, budget }, { ...identity, prices: {} });

  expect(forked.ok).toBe(true);
});

describe('a fork cannot begin', () => {
  test.each<[string, ForkAsked, string]>([
    ['before the first event', { seq: 0 }, `seq: 0; a whole number from 1 to ${decidedAt - 1}`],
    ['after the verdict', { seq: decidedAt }, 'the number of the last event before the verdict'],
    ['between events', { seq: 1.5 }, 'seq: 1.5; a whole number'],
    ['at two moments', { seq: 1, at: '2026-11-21T09:00:05.000Z' }, 'nothing beside seq'],
    ['before the beginning', { at: '2026-11-20T09:00:00.000Z' }, 'a time from 2026-11-21'],
    ['at the time of the verdict', { at: '2027-01-01T00:00:00Z' }, 'a time before 2026-11-21T09'],
    ['with fewer rounds than had begun', { rounds: 1 }, 'rounds: 1; a whole number from 2 to 5'],
    ['with more rounds than there may be', { rounds: 6 }, 'rounds: 6'],
    ['with no deadline that can be read', { deadline: 'soon' }, 'deadline: "soon"; an ISO 8601'],
    [
      'with too few tokens for its next calls',
      { seq: 3, budget: { tokens: 1_399 } },
      'budget.tokens: 1399; at least 1400 tokens, what its next 2 calls need',
    ],
    [
      'with too few tokens for its next call',
      { seq: 4, budget: { tokens: 10 } },
      'at least 700 tokens, what its next call needs',
    ],
    [
      'with too little money for its next calls',
      { seq: 3, budget: { usd: 0.001399 } },
      'budget.usd: $0.001399; at least $0.0014, what its next 2 calls need',
    ],
  ])('%s', (_name, asked, expected) => {
    expect(faultsIn(asked)).toEqual([expect.stringContaining(expected)]);
  });

  test('with dollars alone where a price is unknown', () => {
    const identity = { collaborationId: 'c_fork', time: '2026-11-22T09:00:00.000Z', by: '/api' };

    const result = forkOf(debate.events, { budget: { usd: 1 } }, { ...identity, prices: {} });

    expect(result).toMatchObject({
      ok: false,
      faults: [{ field: 'budget.usd', got: '$1.00' }],
    });
  });

  test('at an event that a run does not have yet', () => {
    const result = askFork(debate.events.slice(0, 3), { seq: 4 });

    expect(result).toMatchObject({
      faults: [{ expected: 'a whole number from 1 to 3, the number of the last event' }],
    });
  });
});

describe('the body of a fork', () => {
  test('may be empty, or say everything', () => {
    const whole = {
      seq: 4,
      rounds: 3,
      budget: { tokens: 5_000, usd: 0.25 },
      deadline: 'PT10M',
      stopOnStability: false,
      paused: true,
    };

    expect(forkSchema.safeParse({}).success).toBe(true);
    expect(forkSchema.safeParse(whole)).toMatchObject({ data: whole });
    expect(forkSchema.safeParse({ at: '2026-11-21T09:00:00+01:00' }).success).toBe(true);
  });

  test.each<[unknown, string, string]>([
    [{ seq: 0 }, 'seq', 'the number of an event'],
    [{ seq: '4' }, 'seq', 'the number of an event'],
    [{ at: 'yesterday' }, 'at', 'RFC 3339'],
    [{ rounds: 6 }, 'rounds', 'from 1 to 5'],
    [{ budget: {} }, 'budget', 'tokens, usd or both'],
    [{ budget: 5 }, 'budget', 'tokens, usd or both'],
    [{ budget: { tokens: 0 } }, 'budget.tokens', 'a whole number from 1'],
    [{ budget: { usd: 0.0000001 } }, 'budget.usd', 'dollars above 0'],
    [{ deadline: 'P1Y' }, 'deadline', 'an ISO 8601 duration'],
    [{ stopOnStability: 1 }, 'stopOnStability', 'true or false'],
    [{ paused: 'yes' }, 'paused', 'true or false'],
    [{ protocol: 'judge' }, 'protocol', 'one of the fields seq, at, rounds'],
    [[], 'body', 'an object'],
  ])('%j is refused', (body, field, expected) => {
    const parsed = forkSchema.safeParse(body);

    expect(parsed.success).toBe(false);
    const [fault] = parsed.success ? [] : faultsOf(parsed.error, body);
    expect(fault).toMatchObject({ field, expected: expect.stringContaining(expected) });
  });
});
