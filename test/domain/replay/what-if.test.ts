import { describe, expect, test } from '@jest/globals';

import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { aCost, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';
import { answered, asked, reasonsIn, saying, vote } from './asking.ts';
import {
  abstaining,
  ballot,
  positionWith,
  recordedAs,
  runOf,
  type DrivenRun,
} from './driven-run.ts';

describe('without an agent', () => {
  const run = runOf(planWith({ seats: seats(4) }), saying({ s3: 'o2', s4: 'o2' }));

  test('its votes are gone and its calls are not paid', () => {
    const { decision, difference, influenced, notes } = answered(asked(run, { without: ['a4'] }));

    expect(decision.answer).toBe('words of o1');
    expect(difference).toMatchObject({
      from: 'no decision: tie',
      to: 'words of o1',
      votes: [{ seat: 's4', from: 'words of o2', to: null }],
      calls: -2,
    });
    expect(influenced).toEqual(['revision-2-s1', 'revision-2-s2', 'revision-2-s3']);
    expect(notes).toEqual(['3 of the replies were given knowing what s4 had said.']);
  });

  test('what is simulated is told by who is left', () => {
    const [one, ...others] = seats(3).map((seat) => ({ ...seat, simulated: false }));
    const mixed = runOf(
      vote({ seats: [{ ...(one as Plan['seats'][number]), simulated: true }, ...others] }),
      saying({}),
    );

    expect(answered(asked(mixed, {})).decision.simulated).toBe(true);
    expect(answered(asked(mixed, { without: ['a1'] })).decision.simulated).toBe(false);
  });

  test('a critique of its counts as something that others knew', () => {
    const split = runOf(planWith({ depth: 'split' }), saying({}));

    expect(answered(asked(split, { without: ['a3'] })).influenced).toEqual([
      'critique-2-s1',
      'critique-2-s2',
      'revision-2-s1',
      'revision-2-s2',
    ]);
  });

  test('an answer that it alone had nominated is off the ballot', () => {
    const nominating = (kind: 'approve' | 'rank', votes: readonly string[]): DrivenRun =>
      runOf(
        vote({
          optionKeys: [],
          protocol: kind === 'rank' ? { kind: 'ranked', method: 'schulze' } : { kind: 'approval' },
        }),
        (turn) => {
          if (turn.task !== 'nomination') return ballot(turn, kind, votes);
          return ballot(turn, 'approve', turn.seat === 's3' ? ['a3'] : ['a1', 'a2']);
        },
      );

    const some = asked(nominating('rank', ['a3', 'a2', 'a1']), { without: ['a3'] });
    const none = asked(nominating('approve', ['a3']), { without: ['a3'] });

    expect(answered(some).decision.answer).toBe('words of a2');
    expect(reasonsIn(none)[0]).toBe(
      'vote-1-s1 (a1): it names an answer that is not nominated here',
    );
  });
});

describe('rounds', () => {
  const moving = saying({ 'proposal-1-s1': 'o2', 'proposal-1-s2': 'o2', s1: 'o1', s2: 'o1' });

  test('fewer end with what stood then', () => {
    const run = runOf(planWith({ rounds: 3, stopOnStability: false }), moving);

    const { decision, difference } = answered(asked(run, { rounds: 1 }));

    expect(decision).toMatchObject({ answer: 'words of o2', rounds: 1, stoppedBy: 'rounds' });
    expect(difference.calls).toBe(-6);
  });

  test('more need a round that never took place', () => {
    const run = runOf(planWith({ rounds: 2, stopOnStability: false }), moving);

    expect(reasonsIn(asked(run, { rounds: 3 }))[0]).toBe(
      'revision-3-s1 (a1): the revision of round 3 never took place',
    );
  });

  test('stability ends a debate sooner, or lets it go on', () => {
    const long = runOf(planWith({ rounds: 3, stopOnStability: false }), saying({}));
    const short = runOf(planWith({ rounds: 3, stopOnStability: true }), saying({}));

    expect(answered(asked(long, { stopOnStability: true })).decision).toMatchObject({
      stoppedBy: 'stability',
      rounds: 2,
    });
    expect(asked(short, { stopOnStability: false }).kind).toBe('unanswerable');
  });
});

describe('the chair', () => {
  test('wrote up another answer', () => {
    const run = runOf(planWith({ synthesis: true }), saying({ s2: 'o2', s3: 'o2' }));

    const { decision, notes } = answered(asked(run, { without: ['a3'] }));

    expect(decision).toMatchObject({ kind: 'no-decision', reason: 'tie' });
    expect(notes).toContain('The answer is told by its vote: nobody wrote this one up.');
  });

  test('compared answers once for all', () => {
    const open = planWith({ optionKeys: [], grouping: 'model' });
    const run = runOf(open, saying({ s1: 'a1', s2: 'a2', s3: 'a3' }));

    expect(answered(asked(run, { without: ['a3'] })).decision.answer).toBe('words of a1');
    expect(answered(asked(run, { rounds: 1 })).decision.answer).toBe('words of a1');
  });

  test('never compared answers that were gone when it did', () => {
    const open = planWith({ optionKeys: [], grouping: 'model', stopOnStability: false });
    const run = runOf(open, saying({ 'proposal-1-s1': 'a9', s1: 'a1', s2: 'a2', s3: 'a3' }));

    expect(reasonsIn(asked(run, { rounds: 1 }))).toEqual([
      'grouping-1-chair (a1): the chair never compared these answers',
    ]);
  });

  test('was never asked to compare, where the money was at its end before', () => {
    const budget = { tokens: 900, microsUsd: null };
    const open = planWith({
      optionKeys: [],
      grouping: 'model',
      stopOnStability: false,
      budget,
      rounds: 3,
    });
    const run = runOf(open, saying({ s1: 'a1', s2: 'a1', s3: 'a1' }));

    expect(answered(asked(run, {})).decision.stoppedBy).toBe('budget');
    expect(reasonsIn(asked(run, { rounds: 1 }))).toEqual([
      'grouping-1-chair (a1): the chair was never asked',
    ]);
  });

  test('had nothing to do with who abstained', () => {
    const run = runOf(vote({ protocol: { kind: 'judge' } }), (turn, state) =>
      turn.seat === 's3' ? abstaining(turn) : saying({})(turn, state),
    );

    expect(answered(asked(run, { without: ['a3'] })).decision.answer).toBe('words of o1');
  });

  test('judged among other answers', () => {
    const run = runOf(vote({ protocol: { kind: 'judge' } }), saying({ s3: 'o2' }));

    expect(reasonsIn(asked(run, { without: ['a3'] }))).toEqual([
      'judgement-1-chair (a1): the judge never had these answers before it',
    ]);
    expect(answered(asked(run, { without: ['a2'] })).influenced).toEqual(['judgement-1-chair']);
  });
});

describe('calls that were cut off', () => {
  const late = (seat: string): Fact => ({
    type: 'turn.cancelled',
    ...turnRef('vote', 1, seat),
    ...aCost,
  });

  /** Two of three agree, so the third is cancelled as the vote closes. */
  function certain(): DrivenRun {
    const { facts } = runOf(vote({ endsEarly: true }), saying({}));
    return recordedAs([...facts, late('s3')]);
  }

  test('are paid, and missing where they would be needed', () => {
    const run = certain();

    expect(answered(asked(run, { quorum: 2 })).decision.cost.calls).toBe(3);
    expect(reasonsIn(asked(run, { protocol: { kind: 'unanimity' } }))).toEqual([
      'vote-1-s3 (a3): its call was still running when its pass closed',
    ]);
  });

  test('are missing without a trace where they had not begun', () => {
    const { facts } = runOf(vote({ endsEarly: true }), saying({}));

    expect(reasonsIn(asked(recordedAs(facts), { protocol: { kind: 'unanimity' } }))).toEqual([
      'vote-1-s3 (a3): it was not answered in that pass',
    ]);
  });

  test('are not paid where they would not have been asked', () => {
    const cancelled: Fact = { type: 'turn.cancelled', ...turnRef('revision', 2, 's3'), ...aCost };
    const plan = planWith({ endsEarly: true, stopOnStability: false });
    const run = recordedAs([...runOf(plan, saying({})).facts, cancelled]);

    expect(answered(asked(run, { rounds: 1 })).decision.cost.calls).toBe(3);
    expect(answered(asked(run, {})).decision.cost.calls).toBe(6);
  });

  test('may be the chair’s', () => {
    const cancelled: Fact = {
      type: 'turn.cancelled',
      ...turnRef('judgement', 1, 'chair'),
      ...aCost,
    };
    const stopped: Fact = { type: 'deadline.passed' };
    const { facts } = runOf(vote({ protocol: { kind: 'judge' } }), saying({}), {
      interruptions: { 6: stopped },
    });
    const run = recordedAs([...facts, cancelled]);

    expect(answered(asked(run, {})).decision.cost.calls).toBe(4);
    expect(answered(asked(run, { protocol: { kind: 'plurality' } })).decision.cost.calls).toBe(3);
  });

  test('are no replies in a pass that is open', () => {
    const { facts } = runOf(vote(), saying({}));
    const cut = facts.map((fact) => ('turn' in fact && fact.seat === 's3' ? late('s3') : fact));

    expect(reasonsIn(asked(recordedAs(cut), {}))).toEqual([
      'vote-1-s3 (a3): its call was still running when its pass closed',
    ]);
  });
});

describe('a turn that was refused for want of budget', () => {
  const refusing: Panel = (turn, state) =>
    turn.seat === 's3' || turn.task === 'synthesis'
      ? { type: 'turn.refused', ...turn, reason: 'budget' }
      : saying({})(turn, state);

  test('is refused again where as much is spent', () => {
    const run = runOf(vote(), refusing);

    expect(answered(asked(run, { quorum: 2 })).decision.votes[2]?.abstained).toBe('budget');
  });

  test('might have been given where less is', () => {
    const run = runOf(vote(), refusing);

    expect(reasonsIn(asked(run, { without: ['a1'] }))).toEqual([
      'vote-1-s3 (a3): it was refused for want of budget; here less is spent, so it might have been given',
    ]);
  });

  test('may be less of money alone', () => {
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
    const run = runOf(vote({ seats: seats(4) }), (turn, state) =>
      turn.seat === 's1' ? positionWith(turn, 'o1', { usage }) : refusing(turn, state),
    );

    expect(asked(run, { without: ['a1'] }).kind).toBe('unanswerable');
  });

  test('may be the chair’s', () => {
    const run = runOf(planWith({ synthesis: true }), (turn, state) =>
      turn.task === 'synthesis' ? refusing(turn, state) : saying({})(turn, state),
    );

    expect(asked(run, {}).kind).toBe('answered');
    expect(answered(asked(run, { without: ['a3'] })).notes).toContain(
      'The answer is told by its vote: nobody wrote this one up.',
    );
  });
});

describe('what a call left unknown', () => {
  test('makes the difference unknown, and no zero', () => {
    const unknown = {
      usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
      microsUsd: null,
    };
    const run = runOf(vote(), (turn) => positionWith(turn, 'o1', unknown));

    expect(answered(asked(run, {})).difference).toMatchObject({ usd: null, tokens: null });
  });
});
