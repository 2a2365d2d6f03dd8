import { describe, expect, test } from '@jest/globals';

import {
  ballotsOf,
  isOutcomeCertain,
  mergedChoice,
} from '../../../domain/collaboration/ballots.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { foldRun, openingFacts } from '../../../domain/machines.ts';
import { position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';

const merges = { a2: 'a1', a3: 'a1' };
const opening = openingFacts(planWith());

describe('a choice read through the groups', () => {
  test.each(['approve', 'rank'] as const)('names each group once: %s', (kind) => {
    expect(mergedChoice({ kind, options: ['a2', 'a9', 'a3'] }, merges)).toEqual({
      kind,
      options: ['a1', 'a9'],
    });
  });

  test('stays an abstention', () => {
    const choice = { kind: 'abstain', reason: 'declined' } as const;

    expect(mergedChoice(choice, merges)).toBe(choice);
  });
});

describe('the ballots', () => {
  const grouped: Fact = {
    type: 'answers.grouped',
    ...turnRef('grouping', 1, 'chair'),
    merges,
    usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1 },
    microsUsd: 1,
  };

  test('carry vetoes through the groups, each once, and none against their own choice', () => {
    const vetoing = { ...position(turnRef('proposal', 1, 's1'), 'a9'), vetoes: ['a2', 'a3', 'a8'] };
    const own = { ...position(turnRef('proposal', 1, 's2'), 'a1'), vetoes: ['a2'] };

    const state = foldRun([...opening, vetoing, own, grouped] as Fact[]);

    expect(ballotsOf(state)).toEqual([
      { seat: 's1', choice: { kind: 'single', option: 'a9' }, vetoes: ['a1', 'a8'] },
      { seat: 's2', choice: { kind: 'single', option: 'a1' } },
    ]);
  });
});

describe('the certainty of an outcome', () => {
  test('is none between passes', () => {
    const closed: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' };

    expect(isOutcomeCertain(foldRun([...opening, closed]))).toBe(false);
  });

  test('counts what a seat outside the pass holds, and its silence as an abstention', () => {
    const directives = { context: 'full', isLast: false } as const;
    const revision: Fact[] = [
      { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' },
      { type: 'round.opened', round: 2, phase: 'revision', seats: ['s1'], directives },
      position(turnRef('revision', 2, 's1'), 'o1'),
    ];

    expect(isOutcomeCertain(foldRun([...opening, ...revision]))).toBe(true);
  });
});
