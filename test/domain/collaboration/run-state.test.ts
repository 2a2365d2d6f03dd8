import { describe, expect, test } from '@jest/globals';

import { turnRef } from '../../../domain/collaboration/fact.ts';
import { evolveRun, openRun } from '../../../domain/collaboration/run-state.ts';
import { foldRun, openingFacts } from '../../../domain/machines.ts';
import { aCost, position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';

const opened = { type: 'collaboration.opened', plan: planWith() } as const;

describe('the state of a run', () => {
  test('begins anew with an opening', () => {
    const state = foldRun(openingFacts(opened.plan));

    expect(evolveRun(state, opened)).toEqual(openRun(opened));
  });

  test('is not changed by a turn that it knows', () => {
    const turn = turnRef('proposal', 1, 's1');
    const state = evolveRun(openRun(opened), position(turn, 'o1'));

    expect(evolveRun(state, position(turn, 'o2'))).toBe(state);
  });

  test('takes a pass that was never opened for one that is not the last', () => {
    const closed = evolveRun(openRun(opened), {
      type: 'round.closed',
      round: 1,
      phase: 'vote',
      reason: 'complete',
    });

    expect(closed.passes).toMatchObject([{ isLast: false, standing: {} }]);
  });

  test('takes nominations from lists alone', () => {
    const voted = evolveRun(openRun(opened), position(turnRef('nomination', 1, 's1'), 'a1'));
    const listed = evolveRun(voted, {
      type: 'position.submitted',
      ...turnRef('nomination', 1, 's2'),
      choice: { kind: 'approve', options: ['a3', 'a2'] },
      confidence: null,
      citing: null,
      ...aCost,
    });

    const closed = evolveRun(listed, {
      type: 'round.closed',
      round: 1,
      phase: 'nomination',
      reason: 'complete',
    });

    expect(closed).toMatchObject({ optionKeys: ['a2', 'a3'], standpoints: {} });
  });
});
