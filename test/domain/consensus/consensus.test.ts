import { describe, expect, test } from '@jest/globals';

import { consensus } from '../../../domain/consensus/consensus.ts';
import { aCost, courseOf, drive, position, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';

const blind = planWith({ pattern: 'consensus', rounds: 1 });

/** Seats vote o1 and o2 in turn. */
const split: Panel = (turn) => position(turn, Number(turn.seat.slice(1)) % 2 === 0 ? 'o2' : 'o1');

describe('a consensus round', () => {
  test('is one blind vote', () => {
    const run = drive(consensus, blind, split);

    expect(courseOf(run.facts)).toEqual([
      'collaboration.opened',
      'round.opened vote 1',
      'round.closed vote 1',
      'decision.reached',
    ]);
    expect(run.state.verdict).toMatchObject({ answer: 'o1', stoppedBy: 'rounds', rounds: 1 });
  });

  test('ends as soon as the outcome is certain', () => {
    const run = drive(consensus, { ...blind, endsEarly: true }, (turn) => position(turn, 'o1'));

    expect(Object.keys(run.state.turns)).toEqual(['vote-1-s1', 'vote-1-s2']);
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'certain' });
  });

  test('does not end early while the chair may still merge the answers', () => {
    const plan = { ...blind, endsEarly: true, optionKeys: [], grouping: 'model' as const };
    const run = drive(consensus, plan, (turn) =>
      turn.task === 'grouping'
        ? { type: 'answers.grouped', ...turn, merges: {}, ...aCost }
        : position(turn, 'a1'),
    );

    expect(run.asked).toEqual(['vote-1-s1', 'vote-1-s2', 'vote-1-s3', 'grouping-1-chair']);
    expect(run.state.passes[0]).toMatchObject({ reason: 'complete' });
  });

  test('does end early under a grouping of closed answers, which merges nothing', () => {
    const plan = { ...blind, endsEarly: true, grouping: 'model' as const };
    const run = drive(consensus, plan, (turn) => position(turn, 'o1'));

    expect(run.state.passes[0]).toMatchObject({ reason: 'certain' });
  });

  test('votes again after a tie, up to the rounds of the plan', () => {
    const plan = { ...blind, seats: seats(2), rounds: 3 };
    const run = drive(consensus, plan, split);

    expect(run.state.passes.map(({ round }) => round)).toEqual([1, 2, 3]);
    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'tie' });
  });

  test('stops voting once a repeated vote decides', () => {
    const plan = { ...blind, seats: seats(2), rounds: 3 };
    const run = drive(consensus, plan, (turn) =>
      turn.round === 1 ? split(turn, {} as never) : position(turn, 'o2'),
    );

    expect(run.state.verdict).toMatchObject({ kind: 'decided', answer: 'o2', rounds: 2 });
  });

  test('a round whose failure is certain is repeated when rounds are left', () => {
    const plan = {
      ...blind,
      protocol: { kind: 'unanimity' as const },
      endsEarly: true,
      rounds: 2,
    };
    const run = drive(consensus, plan, split);

    expect(run.state.passes).toHaveLength(2);
    expect(run.state.passes[0]).toMatchObject({ reason: 'certain' });
    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });

  test('asks the judge once, after one vote', () => {
    const plan = { ...blind, protocol: { kind: 'judge' as const }, rounds: 3 };
    const run = drive(consensus, plan, (turn) =>
      turn.task === 'judgement'
        ? { type: 'judgement.given', ...turn, choice: { kind: 'single', option: 'o2' }, ...aCost }
        : position(turn, 'o1'),
    );

    expect(run.asked).toEqual(['vote-1-s1', 'vote-1-s2', 'vote-1-s3', 'judgement-1-chair']);
    expect(run.state.verdict).toMatchObject({ answer: 'o2' });
  });
});

describe('nominations', () => {
  const open = {
    ...blind,
    protocol: { kind: 'approval' as const },
    optionKeys: [],
    endsEarly: true,
  };

  test('come before a vote that needs options, and become them', () => {
    const run = drive(consensus, open, (turn) => ({
      type: 'position.submitted',
      ...turn,
      choice: {
        kind: 'approve',
        options: turn.task === 'nomination' ? [`a${turn.seat}`, 'ax'] : ['ax'],
      },
      confidence: null,
      citing: null,
      ...aCost,
    }));

    expect(courseOf(run.facts)[1]).toBe('round.opened nomination 1');
    expect(run.state.optionKeys).toEqual(['as1', 'as2', 'as3', 'ax']);
    expect(run.state.verdict).toMatchObject({ answer: 'ax' });
  });

  test('that name nothing end the run without an answer', () => {
    const run = drive(consensus, open, (turn) => ({
      type: 'turn.abstained',
      ...turn,
      reason: 'empty',
      ...aCost,
    }));

    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'no-answers' });
  });
});
