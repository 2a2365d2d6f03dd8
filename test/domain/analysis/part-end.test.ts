import { describe, expect, test } from '@jest/globals';

import { endOfPart, isDecidedEnd, refusedPart } from '../../../domain/analysis/part-end.ts';
import { endInWords, partSentence } from '../../../domain/analysis/part-sentences.ts';
import { consensus } from '../../../domain/consensus/consensus.ts';
import { answered, notPlanned, unanswered } from '../../support/analyses.ts';
import { drive, position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';

const plan = planWith({ pattern: 'consensus', rounds: 1 });

describe('endOfPart', () => {
  test('says what a part that decided has cost', () => {
    const { state } = drive(consensus, plan, (turn) => position(turn, 'o1'));

    expect(endOfPart('p1', { state, record: 'ab' })).toEqual({
      part: 'p1',
      ending: 'answered',
      reason: null,
      usage: { inputTokens: 300, cachedTokens: 0, outputTokens: 150 },
      microsUsd: 90,
      charged: { tokens: 450, microsUsd: 90 },
      calls: 3,
      unknownCalls: 0,
      record: 'ab',
    });
  });

  test('says why a part came to no decision, and that its cost is unknown', () => {
    const { state } = drive(consensus, plan, (turn) => ({
      type: 'turn.abstained',
      ...turn,
      reason: 'provider-failed',
      usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
      microsUsd: null,
      charged: { tokens: 700, microsUsd: 10 },
    }));

    expect(endOfPart('p1', { state, record: 'ab' })).toMatchObject({
      ending: 'unanswered',
      reason: 'no-answers',
      microsUsd: null,
      charged: { tokens: 2100, microsUsd: 30 },
      unknownCalls: 3,
    });
  });

  test('has failed where there is no verdict', () => {
    const { state } = drive(consensus, plan, () => null);

    expect(endOfPart('p1', { state, record: null })).toMatchObject({
      ending: 'failed',
      reason: null,
      record: null,
    });
  });

  test('has failed where its verdict was never sealed', () => {
    const { state } = drive(consensus, plan, (turn) => position(turn, 'o1'));

    expect(endOfPart('p1', { state, record: null })).toMatchObject({
      ending: 'failed',
      reason: null,
      calls: 3,
      record: null,
    });
  });
});

describe('isDecidedEnd', () => {
  test.each([
    [refusedPart('p1', 'stopped'), true],
    [refusedPart('p1', 'needs-missing'), true],
    [refusedPart('p1', 'budget'), false],
    [refusedPart('p1', 'unplannable'), false],
    [unanswered('p1', 'budget'), false],
  ])('tells ends that the machine decides (%#)', (end, isDecided) => {
    expect(isDecidedEnd(end)).toBe(isDecided);
  });
});

describe('endInWords', () => {
  test.each([
    [answered('p1'), 'p1 answered'],
    [answered('p1', { ending: 'failed' }), 'p1 failed'],
    [unanswered('p1', 'budget'), 'p1 ran out of its budget'],
    [unanswered('p1', 'deadline'), 'p1 ran out of time'],
    [unanswered('p1', 'cancelled'), 'p1 was cancelled'],
    [unanswered('p1', 'tie'), 'p1 came to no decision (tie)'],
    [notPlanned('p1'), 'p1 was not begun, for its share of the budget was too small'],
    [
      refusedPart('p1', 'needs-missing'),
      'p1 was not begun, for no part that it needs gave an answer',
    ],
    [refusedPart('p1', 'stopped'), 'p1 was not begun'],
    [refusedPart('p1', 'unplannable'), 'p1 could not be planned'],
  ])('tells how a part came out (%#)', (end, words) => {
    expect(endInWords(end)).toBe(words);
  });
});

describe('partSentence', () => {
  test.each([
    [{ tokens: 500, microsUsd: 20_000 }, 'Part p1 begins with at most 500 tokens and $0.02.'],
    [{ tokens: null, microsUsd: null }, 'Part p1 begins with no limit of its own.'],
  ])('tells the share of a part that begins (%#)', (budget, sentence) => {
    expect(partSentence({ type: 'part.opened', part: 'p1', budget })).toBe(sentence);
  });

  test('tells what a part used', () => {
    expect(partSentence(answered('p1', { calls: 1 }))).toBe(
      'Part ended: p1 answered; it counts 1 call, 300 tokens and $0.00006.',
    );
  });
});
