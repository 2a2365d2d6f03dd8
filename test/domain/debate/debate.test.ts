import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Fact, TurnFact, TurnRef } from '../../../domain/collaboration/fact.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { foldRun } from '../../../domain/machines.ts';
import { aCost, courseOf, drive, position, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';

const always =
  (answers: Readonly<Record<string, string>>): Panel =>
  (turn) =>
    position(turn, answers[turn.seat] ?? 'o1');

/** Seat s3 moves to o1 in the second round. */
const converging: Panel = (turn) =>
  position(turn, turn.seat === 's3' && turn.round === 1 ? 'o2' : 'o1');

function declined(turn: TurnRef): TurnFact {
  return { type: 'turn.abstained', ...turn, reason: 'declined', ...aCost };
}

describe('the course of a debate', () => {
  test('goes from blind proposals through revisions to a decision', () => {
    const run = drive(debate, planWith({ rounds: 3 }), converging);

    expect(courseOf(run.facts)).toEqual([
      'collaboration.opened',
      'round.opened proposal 1',
      'round.closed proposal 1',
      'round.opened revision 2',
      'round.closed revision 2',
      'round.opened revision 3',
      'round.closed revision 3',
      'decision.reached',
    ]);
    expect(run.state.verdict).toMatchObject({ kind: 'decided', answer: 'o1', rounds: 3 });
  });

  test('ends when nobody moves any more', () => {
    const run = drive(debate, planWith({ rounds: 5 }), always({ s3: 'o2' }));

    expect(run.state.verdict).toMatchObject({ answer: 'o1', stoppedBy: 'stability', rounds: 2 });
  });

  test.each([
    ['the same ones in another order are no move', ['o2', 'o1'], 'stability'],
    ['one more is a move', ['o1', 'o2', 'o3'], 'rounds'],
  ])('of approvals, %s', (_what, later, stoppedBy) => {
    const plan = planWith({ protocol: { kind: 'approval' }, optionKeys: ['o1', 'o2', 'o3'] });
    const run = drive(debate, { ...plan, rounds: 3 }, (turn) => {
      const options = turn.seat === 's3' && turn.round === 2 ? later : ['o1', 'o2'];
      return { ...position(turn, 'o1'), choice: { kind: 'approve', options } } as TurnFact;
    });

    expect(run.state.verdict).toMatchObject({ stoppedBy });
  });

  test('goes on when somebody came or went', () => {
    const withdrawn = drive(debate, planWith({ rounds: 3 }), (turn) =>
      turn.seat === 's3' && turn.round === 2 ? declined(turn) : position(turn, 'o1'),
    );
    const late = drive(debate, planWith({ rounds: 3 }), (turn) =>
      turn.seat === 's3' && turn.round === 1 ? declined(turn) : position(turn, 'o1'),
    );

    expect([withdrawn, late].map(({ state }) => state.verdict?.stoppedBy)).toEqual([
      'rounds',
      'rounds',
    ]);
  });

  test('uses all rounds when stability does not stop it', () => {
    const run = drive(debate, planWith({ rounds: 4, stopOnStability: false }), always({}));

    expect(run.state.verdict).toMatchObject({ stoppedBy: 'rounds', rounds: 4 });
  });

  test('asks for critiques before revisions in split depth', () => {
    const run = drive(debate, planWith({ depth: 'split' }), (turn) =>
      turn.task === 'critique'
        ? { type: 'critique.submitted', ...turn, ...aCost }
        : position(turn, 'o1'),
    );

    expect(courseOf(run.facts)).toContain('round.opened critique 2');
    expect(run.asked).toContain('critique-2-s1');
    expect(run.asked).toContain('revision-2-s1');
  });

  test('is over after one round when the plan has one', () => {
    const run = drive(debate, planWith({ rounds: 1 }), always({}));

    expect(run.asked).toEqual(['proposal-1-s1', 'proposal-1-s2', 'proposal-1-s3']);
  });
});

describe('early ends', () => {
  test('closes the last round once no outstanding vote can change the outcome', () => {
    const run = drive(debate, planWith({ rounds: 1, endsEarly: true }), always({}));

    expect(run.state.passes[0]).toMatchObject({ reason: 'certain' });
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'certain', answer: 'o1' });
    expect(Object.keys(run.state.turns)).toHaveLength(2);
  });

  test('hears everyone in a round that is not the last', () => {
    const plan = planWith({ rounds: 2, endsEarly: true });
    const run = drive(debate, plan, converging);

    expect(run.state.passes[0]).toMatchObject({ reason: 'complete' });
  });

  test('never ends early while the chair may still merge answers', () => {
    const plan = planWith({ rounds: 1, endsEarly: true, grouping: 'model', optionKeys: [] });
    const run = drive(debate, plan, (turn) =>
      turn.task === 'grouping'
        ? { type: 'answers.grouped', ...turn, merges: {}, ...aCost }
        : position(turn, 'aaa'),
    );

    expect(run.state.passes[0]).toMatchObject({ reason: 'complete' });
  });
});

describe('the chair', () => {
  const open = planWith({ optionKeys: [], grouping: 'model', synthesis: true, rounds: 1 });
  const chaired: Panel = (turn) => {
    if (turn.task === 'grouping') {
      return { type: 'answers.grouped', ...turn, merges: { ab: 'aa' }, ...aCost };
    }
    if (turn.task === 'synthesis') return { type: 'synthesis.written', ...turn, ...aCost };
    return position(turn, turn.seat === 's1' ? 'ac' : turn.seat === 's2' ? 'aa' : 'ab');
  };

  test('groups first and writes up last', () => {
    const run = drive(debate, open, chaired);

    expect(run.asked.slice(3)).toEqual(['grouping-1-chair', 'synthesis-1-chair']);
    expect(run.state.verdict).toMatchObject({ answer: 'aa' });
  });

  test('decides under the judge protocol', () => {
    const plan = planWith({ protocol: { kind: 'judge' }, rounds: 1 });
    const run = drive(debate, plan, (turn) =>
      turn.task === 'judgement'
        ? { type: 'judgement.given', ...turn, choice: { kind: 'single', option: 'o2' }, ...aCost }
        : position(turn, 'o1'),
    );

    expect(run.state.verdict).toMatchObject({ kind: 'decided', answer: 'o2' });
  });

  test('that gives nothing usable leaves a judge without a decision', () => {
    const plan = planWith({ protocol: { kind: 'judge' }, rounds: 1 });
    const run = drive(debate, plan, (turn) =>
      turn.task === 'judgement'
        ? { type: 'turn.abstained', ...turn, reason: 'refusal', ...aCost }
        : position(turn, 'o1'),
    );

    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });

  test('is not asked when time is up', () => {
    const run = drive(debate, open, chaired, { interruptions: { 5: { type: 'deadline.passed' } } });

    expect(run.asked).not.toContain('grouping-1-chair');
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'deadline' });
  });
});

describe('properties', () => {
  const answers = fc.array(fc.constantFrom('o1', 'o2', 'decline', 'fail'), {
    minLength: 20,
    maxLength: 20,
  });
  const panelOf =
    (said: readonly string[]): Panel =>
    (turn): TurnFact => {
      const answer = said[(Number(turn.seat.slice(1)) * 7 + turn.round * 3) % said.length] ?? 'o1';
      if (answer === 'decline' || answer === 'fail') {
        const reason = answer === 'decline' ? 'declined' : 'provider-failed';
        return { type: 'turn.abstained', ...turn, reason, ...aCost };
      }
      return position(turn, answer);
    };

  test('the order of answers within a round never matters', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 5 }), (said, rounds) => {
        const plan = planWith({ rounds, seats: seats(4) });
        const forwards = drive(debate, plan, panelOf(said));
        const backwards = drive(debate, plan, panelOf(said), {
          order: (turns) => turns.toReversed(),
        });

        expect(backwards.state).toEqual(forwards.state);
      }),
    );
  });

  test('the fold of a run is its state, and a fact twice is a fact once', () => {
    fc.assert(
      fc.property(answers, (said) => {
        const run = drive(debate, planWith({ rounds: 3 }), panelOf(said));
        const twice = run.facts.flatMap((fact): Fact[] => ('turn' in fact ? [fact, fact] : [fact]));

        expect(foldRun(run.facts)).toEqual(run.state);
        expect(foldRun(twice)).toEqual(run.state);
      }),
    );
  });

  test('every debate ends with a verdict and a stated reason', () => {
    fc.assert(
      fc.property(answers, fc.boolean(), (said, endsEarly) => {
        const run = drive(debate, planWith({ rounds: 5, endsEarly }), panelOf(said));

        expect(run.state.verdict?.stoppedBy).toMatch(/^(rounds|stability|certain)$/);
        expect(run.state.verdict?.explanation).not.toBe('');
      }),
    );
  });
});
