import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Plan } from '../../../domain/collaboration/plan.ts';
import {
  estimateOf,
  reservationFor,
  reservationWithRepair,
} from '../../../domain/planning/estimate.ts';
import { chairTasksOf, passesOf } from '../../../domain/planning/passes.ts';
import { agents, closedVote, openDebate, planned, price } from './panel.ts';

const prices = Object.fromEntries(agents(12).map(({ name }) => [name, price]));

/** Three seats, prompts of 1,000 tokens, replies of at most 400, usually 100. */
const plan: Plan = {
  ...planned({ ...openDebate, thoroughness: 0, rounds: 2, synthesis: false }).plan,
  promptTokens: 1_000,
  maxOutputTokens: 400,
};

describe('passesOf', () => {
  const named = (course: Plan) => passesOf(course).map(({ round, phase }) => `${phase} ${round}`);

  test('a debate proposes, then criticises and revises in one pass', () => {
    expect(named(plan)).toEqual(['proposal 1', 'revision 2']);
  });

  test('a split debate criticises before each revision', () => {
    expect(named({ ...plan, depth: 'split', rounds: 3 })).toEqual([
      'proposal 1',
      'critique 2',
      'revision 2',
      'critique 3',
      'revision 3',
    ]);
  });

  test('a consensus votes once a round', () => {
    expect(named({ ...plan, pattern: 'consensus' })).toEqual(['vote 1', 'vote 2']);
  });

  test('a ballot of several options needs a nomination before an open vote only', () => {
    const ranked: Plan = { ...plan, pattern: 'consensus', protocol: { kind: 'approval' } };

    expect(named(ranked)).toEqual(['nomination 1', 'vote 1', 'vote 2']);
    expect(named({ ...ranked, optionKeys: ['o1', 'o2'] })).toEqual(['vote 1', 'vote 2']);
  });
});

describe('chairTasksOf', () => {
  test('groups open answers, judges and writes up, in that order', () => {
    const all: Plan = { ...plan, grouping: 'model', protocol: { kind: 'judge' }, synthesis: true };

    expect(chairTasksOf(all)).toEqual(['grouping', 'judgement', 'synthesis']);
    expect(chairTasksOf({ ...all, optionKeys: ['o1', 'o2'] })).toEqual(['judgement', 'synthesis']);
    expect(chairTasksOf(plan)).toEqual([]);
  });

  test('does not group what was nominated', () => {
    const approval = { kind: 'approval' } as const;
    const nominated: Plan = {
      ...plan,
      pattern: 'consensus',
      grouping: 'model',
      protocol: approval,
    };

    expect(chairTasksOf(nominated)).toEqual([]);
  });
});

describe('estimateOf', () => {
  test('multiplies seats, rounds and tokens, with the transcript growing by round', () => {
    expect(estimateOf(plan, prices)).toEqual({
      calls: 6,
      inputTokens: 3 * 1_000 + 3 * (1_000 + 3 * 100),
      outputTokens: 6 * 400,
      microsUsd: 6_900 + 5 * 2_400,
      oneRoundTokens: 3 * 1_400,
      oneRoundMicrosUsd: 3_000 + 5 * 1_200,
    });
  });

  test('adds the tasks of the chair, who reads the whole transcript', () => {
    const { calls, inputTokens } = estimateOf({ ...plan, synthesis: true }, prices);

    expect({ calls, inputTokens }).toEqual({ calls: 7, inputTokens: 6_900 + 1_000 + 2 * 300 });
  });

  test('counts a nomination into the first round', () => {
    const approval = { kind: 'approval' } as const;
    const nominated: Plan = { ...plan, pattern: 'consensus', protocol: approval };

    expect(estimateOf(nominated, prices).oneRoundTokens).toBe(3 * 1_400 + 3 * 1_700);
  });

  test('is unknown in money as soon as one price is', () => {
    expect(estimateOf(plan, { ...prices, a2: null }).microsUsd).toBeNull();
    expect(estimateOf(plan, {}).oneRoundMicrosUsd).toBeNull();
  });

  test('never falls with more rounds', () => {
    const rounds = fc.integer({ min: 1, max: 4 });
    const depth = fc.constantFrom('combined' as const, 'split' as const);
    fc.assert(
      fc.property(rounds, depth, (count, chosen) => {
        const less = estimateOf({ ...plan, depth: chosen, rounds: count }, prices);
        const more = estimateOf({ ...plan, depth: chosen, rounds: count + 1 }, prices);

        expect(more.calls).toBeGreaterThan(less.calls);
        expect(more.inputTokens).toBeGreaterThan(less.inputTokens);
        expect(more.microsUsd).toBeGreaterThan(less.microsUsd ?? Infinity);
        expect(more.oneRoundTokens).toBe(less.oneRoundTokens);
      }),
    );
  });
});

describe('reservationWithRepair', () => {
  test('holds both calls: the second reads the prompt, the reply and 500 tokens around it', () => {
    const held = reservationWithRepair({ task: 'proposal', round: 1, plan, price });

    const input = 1_000 + (1_000 + 400 + 500);
    expect(held).toEqual({ tokens: input + 2 * 400, microsUsd: input + 2 * 2_000 });
  });

  test('holds no money for an unknown price', () => {
    const held = reservationWithRepair({ task: 'proposal', round: 1, plan, price: null });

    expect(held.microsUsd).toBeNull();
  });
});

describe('reservationFor', () => {
  test('holds the prompt and the longest reply', () => {
    const first = reservationFor({ task: 'proposal', round: 1, plan, price });
    const second = reservationFor({ task: 'revision', round: 2, plan, price });

    expect(first).toEqual({ tokens: 1_400, microsUsd: 1_000 + 2_000 });
    expect(second).toEqual({ tokens: 1_700, microsUsd: 1_300 + 2_000 });
  });

  test('holds the whole transcript for the chair', () => {
    const held = reservationFor({ task: 'synthesis', round: 2, plan, price });

    expect(held.tokens).toBe(1_000 + 600 + 400);
  });

  test('takes the prompt as it is where it is built', () => {
    const held = reservationFor({ task: 'revision', round: 2, plan, price, inputTokens: 5_000 });

    expect(held).toEqual({ tokens: 5_400, microsUsd: 7_000 });
  });

  test('holds no money for an unknown price', () => {
    expect(reservationFor({ task: 'proposal', round: 1, plan, price: null }).microsUsd).toBeNull();
  });

  test('adds up to the estimate when every round is needed', () => {
    const { plan: vote, estimate } = planned({ ...closedVote, rounds: 3 });
    const held = passesOf(vote).flatMap(({ phase, round }) =>
      vote.seats.map(() => reservationFor({ task: phase, round, plan: vote, price })),
    );

    expect(held.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(
      estimate.inputTokens + estimate.outputTokens,
    );
  });
});
