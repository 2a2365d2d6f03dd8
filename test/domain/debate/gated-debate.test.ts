import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Fact, TurnFact, TurnRef } from '../../../domain/collaboration/fact.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { gateFor } from '../../../domain/gate/gate-defaults.ts';
import { foldRun } from '../../../domain/machines.ts';
import { aCost, courseOf, drive, position, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';

const gate = gateFor(0.5);
const gated = planWith({ gate, rounds: 3 });

const unanimous: Panel = (turn) => position(turn, 'o1');

/** Two against one at first, and one mind later. */
const split: Panel = (turn) =>
  position(turn, turn.seat === 's3' && turn.round === 1 ? 'o2' : 'o1', 'proposal-1-s1');

function sure(confidence: number | null): Panel {
  return (turn) => ({ ...position(turn, 'o1'), confidence }) as TurnFact;
}

describe('a debate with a gate', () => {
  test('ends with the vote of a panel that agrees and is sure, and asks nothing more', () => {
    const run = drive(debate, gated, unanimous);

    expect(courseOf(run.facts)).toEqual([
      'collaboration.opened',
      'round.opened proposal 1',
      'round.closed proposal 1',
      'gate.decided',
      'decision.reached',
    ]);
    expect(run.asked).toEqual(['proposal-1-s1', 'proposal-1-s2', 'proposal-1-s3']);
    expect(run.state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'o1',
      stoppedBy: 'gate',
      rounds: 1,
    });
  });

  test('goes on where the panel is split', () => {
    const run = drive(debate, gated, split);

    expect(run.state.gate).toMatchObject({ outcome: 'debate', way: 'debate', round: 1 });
    expect(run.asked).toContain('revision-2-s3');
    expect(run.state.verdict).toMatchObject({ answer: 'o1', stoppedBy: 'rounds', rounds: 3 });
    expect(courseOf(run.facts).filter((fact) => fact === 'gate.decided')).toHaveLength(1);
  });

  test('goes on where the panel agrees without being sure, and asks where it doubts', () => {
    const [unsure, doubtful, unknown] = [0.6, 0.3, null].map((confidence) =>
      drive(debate, gated, sure(confidence)),
    );

    expect(unsure?.state.gate).toMatchObject({ outcome: 'debate', reasons: ['confidence'] });
    expect(doubtful?.state.gate).toMatchObject({ outcome: 'ask', way: 'debate' });
    expect(unknown?.state.gate).toMatchObject({ outcome: 'ask', reasons: ['confidence-unknown'] });
    for (const run of [unsure, doubtful, unknown]) {
      expect(run?.asked).toContain('revision-2-s1');
    }
  });

  test('ends where a person should look, if the plan says so', () => {
    const plan = planWith({ gate: { ...gate, askedWay: 'done' } });
    const run = drive(debate, plan, sure(null));

    expect(run.state.gate).toMatchObject({ outcome: 'ask', way: 'done' });
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'gate', answer: 'o1' });
  });

  test('leaves the chair nothing to do where the vote is enough', () => {
    const plan = planWith({ gate, optionKeys: [], synthesis: true, grouping: 'model' });
    const run = drive(debate, plan, unanimous);

    expect(run.asked).toEqual(['proposal-1-s1', 'proposal-1-s2', 'proposal-1-s3']);
    expect(run.state.verdict).toMatchObject({ answer: 'o1', stoppedBy: 'gate' });
  });

  test('hears a participant who joined during the vote', () => {
    const [seat] = seats(4).slice(-1);
    const added = { type: 'participant.added', by: '/users/ann', seat } as Fact;
    const run = drive(debate, gated, unanimous, { interruptions: { 3: added } });

    expect(run.state.gate).toMatchObject({
      outcome: 'debate',
      reasons: ['unheard-seat'],
    });
    expect(run.asked).toContain('revision-2-s4');
  });

  test('decides on what is there when a person closes the vote', () => {
    const closed: Fact = { type: 'closing.requested', by: '/users/ann', scope: 'round' };
    const run = drive(debate, gated, unanimous, { interruptions: { 4: closed } });

    expect(run.state.passes[0]).toMatchObject({ reason: 'closed' });
    expect(run.state.gate?.reading).toMatchObject({ voted: 2, seats: 3, margin: 0.666667 });
    expect(run.state.gate).toMatchObject({ outcome: 'debate', reasons: ['margin'] });
  });

  test.each([
    ['cancelled', { type: 'collaboration.cancelled', by: '/users/ann', reason: 'no' }],
    ['deadline', { type: 'deadline.passed' }],
    ['closed', { type: 'closing.requested', by: '/users/ann', scope: 'run' }],
  ] as const)('has nothing to decide when the run ends first: %s', (stoppedBy, fact) => {
    const run = drive(debate, gated, unanimous, { interruptions: { 4: fact } });

    expect(run.state.gate).toBeUndefined();
    expect(run.state.verdict).toMatchObject({ stoppedBy });
  });

  test('waits while it is paused', () => {
    const paused: Fact = { type: 'collaboration.paused', by: '/users/ann' };
    const run = drive(debate, gated, unanimous, { interruptions: { 5: paused } });

    expect(run.state.gate).toBeUndefined();
    expect(debate.next(run.state)).toEqual({ kind: 'wait', reason: 'paused' });
  });

  test('has a budget for its debate like any other', () => {
    const budget = { tokens: 470, microsUsd: null };
    const run = drive(debate, planWith({ gate, rounds: 3, budget }), split);

    expect(run.state.gate).toMatchObject({ outcome: 'debate' });
    expect(courseOf(run.facts)).toContain('threshold.reached');
  });
});

test('a debate without a gate goes on whatever its vote says', () => {
  const without = drive(debate, planWith({ gate: null }), unanimous);
  const older = drive(debate, planWith(), unanimous);

  expect(courseOf(without.facts)).toEqual(courseOf(older.facts));
  expect(courseOf(older.facts)).not.toContain('gate.decided');
  expect(without.asked).toEqual(older.asked);
});

describe('any gated debate', () => {
  const said = fc.record({
    option: fc.constantFrom('o1', 'o2'),
    confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    fails: fc.boolean(),
  });
  const panels = fc.array(said, { minLength: 2, maxLength: 6 });

  function panelOf(
    all: readonly { option: string; confidence: number | null; fails: boolean }[],
  ): Panel {
    return (turn: TurnRef) => {
      const mine = all[Number(turn.seat.slice(1)) - 1];
      if (mine === undefined || (mine.fails && turn.round === 1)) {
        return { type: 'turn.abstained', ...turn, reason: 'empty', ...aCost };
      }
      return { ...position(turn, mine.option), confidence: mine.confidence } as TurnFact;
    };
  }

  test('pays only for its vote where that is enough, and is the fold of its facts', () => {
    fc.assert(
      fc.property(panels, fc.double({ min: 0, max: 1, noNaN: true }), (all, thoroughness) => {
        const plan = planWith({ seats: seats(all.length), gate: gateFor(thoroughness) });
        const run = drive(debate, plan, panelOf(all));
        const isDone = run.state.gate?.way === 'done';

        expect(run.state.verdict?.stoppedBy === 'gate').toBe(isDone);
        expect(run.state.spent.calls === all.length).toBe(isDone);
        expect(foldRun(run.facts)).toEqual(run.state);
      }),
    );
  });

  test('decides alike in any order of the answers', () => {
    fc.assert(
      fc.property(panels, (all) => {
        const plan = planWith({ seats: seats(all.length), gate });
        const [one, other] = [
          drive(debate, plan, panelOf(all)),
          drive(debate, plan, panelOf(all), { order: (turns) => turns.toReversed() }),
        ];

        expect(other.state.gate).toEqual(one.state.gate);
        expect(other.state.verdict).toEqual(one.state.verdict);
      }),
    );
  });
});
