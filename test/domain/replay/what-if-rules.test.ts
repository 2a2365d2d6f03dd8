import { describe, expect, test } from '@jest/globals';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { compare } from '../../../domain/replay/comparison.ts';
import { position } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';
import { answered, asked, reasonsIn, saying, vote } from './asking.ts';
import { abstaining, ballot, positionWith, runOf } from './driven-run.ts';

describe('another protocol', () => {
  const run = runOf(vote(), saying({ s3: 'o2' }));

  test('counts the same votes', () => {
    const { decision, difference, notes } = answered(
      asked(run, { protocol: { kind: 'unanimity' } }),
    );

    expect(decision).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
    expect(difference).toEqual({
      isSameOutcome: false,
      from: 'words of o1',
      to: 'no decision: no-quorum',
      votes: [],
      calls: 0,
      tokens: 0,
      usd: 0,
    });
    expect(notes).toEqual([
      'The seats answered under plurality; under unanimity they might have answered otherwise.',
    ]);
  });

  test('makes no ranking of one answer, and no approval', () => {
    const ranked = asked(run, { protocol: { kind: 'ranked', method: 'schulze' } });
    const approval = asked(run, { protocol: { kind: 'approval' } });

    expect(reasonsIn(ranked)[0]).toBe(
      'vote-1-s1 (a1): it names one answer, ranked needs a ranking',
    );
    expect(reasonsIn(approval)[2]).toBe(
      'vote-1-s3 (a3): it names one answer, approval needs a set of approved answers',
    );
  });

  test('asks no judge that was never asked', () => {
    expect(reasonsIn(asked(run, { protocol: { kind: 'judge' } }))).toEqual([
      'judgement-1-chair (a1): the judge was never asked',
    ]);
  });

  test('makes up no veto', () => {
    expect(
      reasonsIn(asked(run, { protocol: { kind: 'quorum', required: 2, veto: true } })),
    ).toEqual(
      ['s1', 's2', 's3'].map(
        (seat) => `vote-1-${seat} (a${seat.slice(1)}): it was not asked which answers it excludes`,
      ),
    );
  });

  test('takes what a ranking puts first', () => {
    const plan = vote({ protocol: { kind: 'ranked', method: 'schulze' } });
    const ranking = runOf(plan, (turn) =>
      ballot(turn, 'rank', turn.seat === 's1' ? ['o1', 'o2'] : ['o2', 'o1']),
    );

    const { decision } = answered(asked(ranking, { protocol: { kind: 'plurality' } }));

    expect(decision.votes.map(({ choice }) => choice)).toEqual([
      'words of o1',
      'words of o2',
      'words of o2',
    ]);
  });

  test('takes the only approved answer, but does not choose among several', () => {
    const plan = vote({ protocol: { kind: 'approval' } });
    const one = runOf(plan, (turn) => ballot(turn, 'approve', ['o2']));
    const several = runOf(plan, (turn) => ballot(turn, 'approve', ['o2', 'o1']));

    expect(answered(asked(one, { protocol: { kind: 'plurality' } })).decision.answer).toBe(
      'words of o2',
    );
    expect(reasonsIn(asked(several, { protocol: { kind: 'plurality' } }))[0]).toBe(
      'vote-1-s1 (a1): it names a set of approved answers, plurality needs one answer',
    );
  });

  test('takes a declared abstention as one', () => {
    const run = runOf(vote(), (turn) =>
      turn.seat === 's1' ? abstaining(turn) : position(turn, 'o1'),
    );

    expect(answered(asked(run, { protocol: { kind: 'unanimity' } })).decision.reason).toBe(
      'no-quorum',
    );
    expect(asked(run, {}).kind).toBe('answered');
  });

  test('needs the nomination that never took place', () => {
    const open = runOf(vote({ optionKeys: [] }), saying({ s1: 'a1' }));

    expect(reasonsIn(asked(open, { protocol: { kind: 'approval' } }))[0]).toBe(
      'nomination-1-s1 (a1): the nomination of round 1 never took place',
    );
  });

  test('does without the judge that was asked', () => {
    const judged = runOf(vote({ protocol: { kind: 'judge' } }), saying({ s2: 'o2', s3: 'o2' }));

    const { decision, difference } = answered(asked(judged, { protocol: { kind: 'plurality' } }));

    expect(decision.answer).toBe('words of o2');
    expect(difference).toMatchObject({ isSameOutcome: false, calls: -1, tokens: -150 });
    expect(difference.usd).toBe(-0.00003);
  });

  test('drops vetoes that it does not know', () => {
    const plan = vote({ protocol: { kind: 'quorum', required: 2, veto: true } });
    const vetoing = runOf(plan, (turn) =>
      turn.seat === 's3' ? positionWith(turn, 'o2', { vetoes: ['o1'] }) : position(turn, 'o1'),
    );

    expect(answered(asked(vetoing, {})).decision.reason).toBe('veto');
    expect(answered(asked(vetoing, { quorum: 1 })).decision.answer).toBe('words of o2');
    expect(answered(asked(vetoing, { protocol: { kind: 'plurality' } })).decision.answer).toBe(
      'words of o1',
    );
  });

  test('keeps vetoes of open answers', () => {
    const plan = vote({ optionKeys: [], protocol: { kind: 'quorum', required: 2, veto: true } });
    const vetoing = runOf(plan, (turn) =>
      turn.seat === 's3' ? positionWith(turn, 'a2', { vetoes: ['a1'] }) : position(turn, 'a1'),
    );

    expect(answered(asked(vetoing, { quorum: 1 })).decision.answer).toBe('words of a2');
  });
});

describe('other weights', () => {
  test('turn a vote', () => {
    const run = runOf(vote({ protocol: { kind: 'weighted' } }), saying({ s3: 'o2' }));

    const { decision, difference } = answered(asked(run, { weights: { s3: 5 } }));

    expect(decision.answer).toBe('words of o2');
    expect(decision.votes.map(({ weight }) => weight)).toEqual([1, 1, 5]);
    expect(difference.isSameOutcome).toBe(false);
  });

  test('count for who came later too', () => {
    const added: Fact = {
      type: 'participant.added',
      by: '/users/ann',
      seat: { ...seats(4)[3], seat: 's4', agent: 'a4' } as Plan['seats'][number],
    };
    const plan = planWith({ protocol: { kind: 'weighted' }, stopOnStability: false });
    const run = runOf(plan, saying({ s4: 'o2' }), { interruptions: { 3: added } });

    expect(answered(asked(run, { weights: { s4: 9 } })).decision.answer).toBe('words of o2');
    expect(answered(asked(run, { without: ['a4'] })).decision.votes).toHaveLength(3);
  });
});

test('a comparison has every protocol over one record, the own one first', () => {
  const { outcome, rows } = compare(runOf(vote(), saying({ s3: 'o2' })).recorded);

  expect(outcome).toBe('words of o1');
  expect(rows.map(({ protocol, result }) => [protocol.kind, result.kind])).toEqual([
    ['plurality', 'answered'],
    ['weighted', 'answered'],
    ['approval', 'unanswerable'],
    ['ranked', 'unanswerable'],
    ['ranked', 'unanswerable'],
    ['quorum', 'answered'],
    ['supermajority', 'answered'],
    ['unanimity', 'answered'],
    ['judge', 'unanswerable'],
  ]);
  expect(rows.map(({ isOriginal }) => isOriginal)).toEqual(rows.map((_, index) => index === 0));
});
