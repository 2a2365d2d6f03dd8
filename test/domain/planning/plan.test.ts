import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { CollaborationRequest } from '../../../domain/collaboration/request.ts';
import { materialTokensMax, outputTokensMin } from '../../../domain/planning/fitting.ts';
import { makePlan } from '../../../domain/planning/plan.ts';
import { materialRoomOf } from '../../../domain/planning/prompt-size.ts';
import { imageTokens } from '../../../domain/prompts/token-estimate.ts';
import { agent, agents, closedVote, context, faultsIn, openDebate, planned } from './panel.ts';

describe('defaults', () => {
  test('an open debate ends with a text', () => {
    expect(planned(openDebate).plan).toMatchObject({
      pattern: 'debate',
      seed: 'c0de',
      protocol: { kind: 'plurality' },
      optionKeys: [],
      grouping: 'normalised',
      rounds: 2,
      depth: 'combined',
      stopOnStability: true,
      endsEarly: false,
      synthesis: true,
      allowFallback: false,
      budget: { tokens: null, microsUsd: null },
      deadlineMs: null,
      maxOutputTokens: 1_280,
      thoroughness: 0.5,
    });
  });

  test('a closed debate ends with the votes', () => {
    const { plan } = planned({ ...openDebate, options: ['A', 'B', 'C'] });

    expect(plan).toMatchObject({
      optionKeys: ['o1', 'o2', 'o3'],
      endsEarly: true,
      synthesis: false,
    });
  });

  test('a consensus votes once and writes nothing up', () => {
    expect(planned(closedVote).plan).toMatchObject({
      rounds: 1,
      endsEarly: true,
      synthesis: false,
    });
    expect(planned({ pattern: 'consensus', question: 'Why?' }).plan.synthesis).toBe(false);
  });

  test.each([
    [0.1, 1],
    [0.5, 2],
    [0.7, 3],
  ])('a debate of thoroughness %d has %d rounds', (thoroughness, rounds) => {
    expect(planned({ ...openDebate, thoroughness }).plan.rounds).toBe(rounds);
  });
});

test('fields of the request come before thoroughness and defaults', () => {
  const request = {
    ...openDebate,
    thoroughness: 0.9,
    participants: ['a1', 'a2'],
    protocol: { kind: 'quorum', required: 2 },
    rounds: 5,
    depth: 'combined',
    maxOutputTokens: 77,
    grouping: 'model',
    stopOnStability: false,
    endsEarly: true,
    synthesis: false,
    allowFallback: true,
    deadline: 'PT10M',
    budget: { tokens: 90_000, usd: 0.5 },
    seed: 'feed',
  } as const satisfies CollaborationRequest;

  expect(planned(request).plan).toMatchObject({
    seed: 'feed',
    protocol: { kind: 'quorum', required: 2 },
    rounds: 5,
    depth: 'combined',
    maxOutputTokens: 77,
    grouping: 'model',
    stopOnStability: false,
    endsEarly: true,
    synthesis: false,
    allowFallback: true,
    deadlineMs: 600_000,
    budget: { tokens: 90_000, microsUsd: 500_000 },
    thoroughness: 0.9,
  });
});

test('the same request gives the same plan', () => {
  expect(makePlan(openDebate, agents(7), context)).toEqual(
    makePlan(openDebate, agents(7), context),
  );
});

describe('what cannot be planned', () => {
  test('a debate of one', () => {
    expect(faultsIn({ ...openDebate, participants: ['a1'] })).toEqual([
      {
        field: 'participants',
        got: '1 participant',
        expected: 'at least 2 participants in a debate',
      },
    ]);
    expect(planned({ ...closedVote, participants: ['a1'] }).plan.seats).toHaveLength(1);
  });

  test('a quorum of more than there are', () => {
    const protocol = { kind: 'quorum', required: 4 } as const;

    expect(faultsIn({ ...closedVote, protocol, participants: ['a1', 'a2', 'a3'] })).toEqual([
      { field: 'protocol.required', got: '4', expected: '1 to 3, the number of participants' },
    ]);
  });

  test('ballots of several options in an open debate', () => {
    const protocol = { kind: 'ranked', method: 'schulze' } as const;

    expect(faultsIn({ ...openDebate, protocol })).toEqual([
      {
        field: 'options',
        got: 'nothing',
        expected: 'options, for ranked in a debate needs a closed question',
      },
    ]);
    expect(planned({ ...openDebate, options: ['A', 'B'], protocol }).plan.protocol).toEqual(
      protocol,
    );
    expect(planned({ pattern: 'consensus', question: 'Why?', protocol }).estimate.calls).toBe(10);
  });

  test('fields out of their range, for callers that checked no schema', () => {
    const faults = faultsIn({ ...closedVote, options: ['A'], rounds: 0, deadline: 'soon' });

    expect(faults.map(({ field, got }) => [field, got])).toEqual([
      ['options', 'a list of 1'],
      ['rounds', '0'],
      ['deadline', '"soon"'],
    ]);
    expect(faultsIn({ ...closedVote, rounds: 6 })[0]?.got).toBe('6');
    expect(faultsIn({ ...closedVote, rounds: 1.5 })[0]?.got).toBe('1.5');
  });

  test('is told all at once', () => {
    const faults = faultsIn({ ...openDebate, participants: ['nobody'], chair: 'gone', rounds: 9 });

    expect(faults.map(({ field }) => field)).toEqual(['participants[0]', 'chair', 'rounds']);
  });
});

describe('a budget', () => {
  const { oneRoundTokens, oneRoundMicrosUsd } = planned(openDebate).estimate;

  test('that is too small for one round is refused with what is needed', () => {
    const expected = 'what one round of 5 participants needs';

    expect(
      faultsIn({ ...openDebate, budget: { tokens: oneRoundTokens - 1, usd: 0.000001 } }),
    ).toEqual([
      {
        field: 'budget.tokens',
        got: String(oneRoundTokens - 1),
        expected: `at least ${oneRoundTokens} tokens, ${expected}`,
      },
      { field: 'budget.usd', got: '$0.000001', expected: `at least $0.01202, ${expected}` },
    ]);
    expect(planned({ ...openDebate, budget: { tokens: oneRoundTokens } }).plan.budget.tokens).toBe(
      oneRoundTokens,
    );
    expect(oneRoundMicrosUsd).toBe(12_020);
  });

  test('in money alone needs prices', () => {
    const panel = [agent('a1'), agent('a2', { price: null })];

    expect(faultsIn({ ...openDebate, budget: { usd: 1 } }, panel)).toEqual([
      {
        field: 'budget.usd',
        got: '$1.00',
        expected: 'a limit in tokens beside it, for the price of "a2" is unknown',
      },
    ]);
    const both = planned({ ...openDebate, budget: { usd: 1, tokens: 50_000 } }, panel);
    expect(both.estimate.microsUsd).toBeNull();
  });

  test('shortens replies and materials until the whole run fits', () => {
    const materialBytes = 80_000;
    const whole = planned(openDebate, agents(5), { materialBytes });
    const all = whole.estimate.inputTokens + whole.estimate.outputTokens;

    fc.assert(
      fc.property(fc.integer({ min: 20_000, max: all + 10_000 }), (tokens) => {
        const { plan, estimate } = planned({ ...openDebate, budget: { tokens } }, agents(5), {
          materialBytes,
        });

        expect(estimate.inputTokens + estimate.outputTokens).toBeLessThanOrEqual(tokens);
        expect(plan.maxOutputTokens).toBeGreaterThanOrEqual(outputTokensMin);
        expect(plan.maxOutputTokens).toBeLessThanOrEqual(whole.plan.maxOutputTokens);
        expect(plan.promptTokens).toBeLessThanOrEqual(whole.plan.promptTokens);
        expect(plan.promptTokens === whole.plan.promptTokens || tokens < all).toBe(true);
      }),
    );
  });

  test('in money shortens them too', () => {
    const { plan, estimate } = planned({ ...openDebate, budget: { usd: 0.06 } });

    expect(estimate.microsUsd).toBeLessThanOrEqual(60_000);
    expect(plan.maxOutputTokens).toBeLessThan(1_280);
  });

  test('of less than the whole run gives materials what keeps the first round within half of it', () => {
    const request = { ...openDebate, rounds: 5, budget: { tokens: 20_000, usd: 1 } };
    const { plan, estimate } = planned(request, agents(5), { materialBytes: 80_000 });

    const firstRound = 5 * (plan.promptTokens + plan.maxOutputTokens);
    expect(estimate.inputTokens + estimate.outputTokens).toBeGreaterThan(20_000);
    expect(firstRound).toBeGreaterThan(9_000);
    expect(firstRound).toBeLessThanOrEqual(10_000);
  });

  test('in money that covers half of the run does so too', () => {
    const request = { ...openDebate, rounds: 5, budget: { usd: 0.03 } };
    const { plan } = planned(request, agents(5), { materialBytes: 80_000 });

    const firstRound = 5 * (plan.promptTokens + plan.maxOutputTokens * 5);
    expect(firstRound).toBeGreaterThan(14_000);
    expect(firstRound).toBeLessThanOrEqual(15_000);
  });

  test('of hardly one round leaves materials out', () => {
    const request = { ...openDebate, budget: { tokens: oneRoundTokens, usd: 0.5 } };
    const { plan } = planned(request, agents(5), { materialBytes: 80_000 });

    expect(materialRoomOf(plan, request)).toBe(0);
    expect(plan.maxOutputTokens).toBe(outputTokensMin);
  });

  test('never shortens replies whose length the request states', () => {
    const request = { ...openDebate, maxOutputTokens: 3_000, budget: { tokens: 20_000 } };

    expect(planned(request).plan.maxOutputTokens).toBe(3_000);
    expect(faultsIn({ ...request, budget: { tokens: 16_000 } })[0]?.field).toBe('budget.tokens');
  });
});

describe('materials', () => {
  test('take their size and headings, up to a share of a prompt', () => {
    const request = { ...openDebate, materials: [{ name: 'plan.md', text: 'x'.repeat(4_000) }] };
    const some = planned(request, agents(5), { materialBytes: 4_000 }).plan;
    const many = planned(request, agents(5), { materialBytes: 10_000_000 }).plan;

    expect(materialRoomOf(some, request)).toBe(1_032);
    expect(materialRoomOf(many, request)).toBe(materialTokensMax);
    expect(materialRoomOf({ promptTokens: 0 }, request)).toBe(0);
  });

  test('that are artifacts have room for an image each', () => {
    const request = { ...openDebate, materials: [{ artifact: 'ab'.repeat(32) }] };
    const { plan } = planned(request, agents(5), { materialBytes: 400 });

    expect(materialRoomOf(plan, request)).toBe(100 + imageTokens);
  });

  test('come on top of question, options and the longest persona', () => {
    const bare = planned(closedVote).plan.promptTokens;
    const personas = { short: 'x', long: 'x'.repeat(400) };

    expect(planned({ ...closedVote, personas }).plan.promptTokens).toBe(bare + 100);
  });
});
