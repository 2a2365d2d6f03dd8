import { describe, expect, test } from '@jest/globals';

import { machineOf } from '../../../domain/collaboration/course.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { factsOf } from '../../../domain/collaboration/step.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { foldRun } from '../../../domain/machines.ts';
import { unknownUsage } from '../../../domain/providers/usage.ts';
import { aCost, courseOf, drive, position, type Panel } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';

/** Nobody ever agrees and everybody moves, so that only the rounds end it. */
const restless: Panel = (turn) =>
  position(turn, (Number(turn.seat.slice(1)) + turn.round) % 2 === 0 ? 'o1' : 'o2');

const five = planWith({ seats: seats(5), rounds: 5 });

describe('budget', () => {
  test('80 % shortens the context of the next round', () => {
    const run = drive(debate, { ...five, budget: { tokens: 900, microsUsd: null } }, restless);

    const second = run.facts.find((fact) => fact.type === 'round.opened' && fact.round === 2);
    expect(run.state.thresholds).toContain(80);
    expect(second).toMatchObject({ directives: { context: 'summary', isLast: false } });
  });

  test('90 % asks fewer seats', () => {
    const run = drive(debate, { ...five, budget: { tokens: 820, microsUsd: null } }, restless);

    const second = run.facts.find((fact) => fact.type === 'round.opened' && fact.round === 2);
    expect(second).toHaveProperty('seats.length', 3);
  });

  test('95 % makes the next round the last', () => {
    const run = drive(debate, { ...five, budget: { tokens: 785, microsUsd: null } }, restless);

    expect(run.state.passes).toHaveLength(2);
    expect(run.state.verdict).toMatchObject({ kind: 'decided', stoppedBy: 'budget' });
  });

  test('100 % stops with the best answer so far', () => {
    const run = drive(debate, { ...five, budget: { tokens: null, microsUsd: 150 } }, restless);

    expect(run.state.thresholds).toEqual([80, 90, 95, 100]);
    expect(run.state.verdict).toMatchObject({ kind: 'decided', stoppedBy: 'budget', rounds: 1 });
  });

  test('a turn that was refused ends its round and the run', () => {
    const run = drive(debate, five, (turn, state) =>
      turn.round === 2 && turn.seat === 's5'
        ? { type: 'turn.refused', ...turn, reason: 'budget' }
        : restless(turn, state),
    );

    expect(run.state.passes.at(-1)).toMatchObject({ round: 2, reason: 'budget' });
    expect(run.state.verdict).toMatchObject({ kind: 'decided', stoppedBy: 'budget' });
  });

  test('without any answer has the budget as its reason', () => {
    const run = drive(debate, five, (turn) => ({
      type: 'turn.refused',
      ...turn,
      reason: 'budget',
    }));

    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'budget' });
  });

  test('raised in time lets the run go on', () => {
    const budget = { tokens: 900, microsUsd: null };
    const run = drive(debate, { ...five, budget }, restless, {
      interruptions: {
        4: { type: 'budget.raised', by: 'ann', budget: { tokens: 90_000, microsUsd: null } },
      },
    });

    expect(run.state.thresholds).toEqual([]);
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'rounds', rounds: 5 });
  });

  test('counts what was reserved where use is unknown', () => {
    const run = drive(debate, planWith({ rounds: 1 }), (turn) => ({
      ...position(turn, 'o1'),
      usage: unknownUsage,
      microsUsd: null,
      ...(turn.seat === 's1' ? {} : { charged: { tokens: 700, microsUsd: 9 } }),
    }));

    expect(run.state.spent).toMatchObject({
      tokens: 1400,
      microsUsd: 18,
      calls: 3,
      unknownCalls: 3,
      usage: unknownUsage,
    });
  });
});

describe('people', () => {
  test('a pause stops asking, and what comes back meanwhile is kept', () => {
    const paused: Fact = { type: 'collaboration.paused', by: 'ann' };
    const run = drive(debate, planWith(), restless, { interruptions: { 3: paused } });

    expect(debate.next(run.state)).toEqual({ kind: 'wait', reason: 'paused' });
    const resumed = debate.evolve(run.state, { type: 'collaboration.resumed', by: 'ann' });
    expect(Object.keys(run.state.turns)).toHaveLength(3);
    expect(debate.next(resumed).kind).toBe('record');
  });

  test('a cancelled run ends without a decision, even when it is paused', () => {
    const run = drive(debate, planWith(), restless, {
      interruptions: {
        3: { type: 'collaboration.paused', by: 'ann' },
        4: { type: 'collaboration.cancelled', by: 'ann', reason: 'no need' },
      },
    });

    expect(run.state.verdict).toMatchObject({
      kind: 'no-decision',
      reason: 'cancelled',
      stoppedBy: 'cancelled',
    });
    expect(run.state.passes.at(-1)).toMatchObject({ reason: 'cancelled' });
  });

  test('a run that is cancelled between two rounds opens no other', () => {
    const run = drive(debate, planWith(), restless, {
      interruptions: { 6: { type: 'collaboration.cancelled', by: 'ann', reason: 'late' } },
    });

    expect(run.state.passes).toHaveLength(1);
    expect(run.state.verdict).toMatchObject({ reason: 'cancelled' });
  });

  test('closing a round goes on with the next', () => {
    const run = drive(debate, planWith({ rounds: 2 }), restless, {
      interruptions: { 3: { type: 'closing.requested', by: 'ann', scope: 'round' } },
    });

    expect(run.state.passes.map(({ reason }) => reason)).toEqual(['closed', 'complete']);
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'rounds' });
  });

  test('closing the run decides with what is there', () => {
    const run = drive(debate, planWith({ rounds: 5 }), restless, {
      interruptions: { 3: { type: 'closing.requested', by: 'ann', scope: 'run' } },
    });

    expect(run.state.passes).toHaveLength(1);
    expect(run.state.verdict).toMatchObject({ kind: 'decided', stoppedBy: 'closed' });
  });

  test('a participant who is added takes part from the next round on', () => {
    const [, , , fourth] = seats(4);
    if (fourth === undefined) throw new Error('four seats make four');
    const run = drive(debate, planWith({ rounds: 2 }), restless, {
      interruptions: { 3: { type: 'participant.added', by: 'ann', seat: fourth } },
    });

    expect(run.asked).not.toContain('proposal-1-s4');
    expect(run.asked).toContain('revision-2-s4');
  });

  test('of two participants who are given one seat the first has it, and the run ends', () => {
    const [, , , fourth] = seats(4);
    if (fourth === undefined) throw new Error('four seats make four');
    const run = drive(debate, planWith({ rounds: 2 }), restless, {
      interruptions: {
        3: { type: 'participant.added', by: 'ann', seat: fourth },
        4: { type: 'participant.added', by: 'ben', seat: { ...fourth, agent: 'a9' } },
      },
    });

    expect(run.state.seats.map(({ seat }) => seat)).toEqual(['s1', 's2', 's3', 's4']);
    expect(run.state.seats.at(-1)?.agent).toBe('a4');
    expect(run.state.verdict).toMatchObject({ stoppedBy: 'rounds' });
  });

  test('closing a round while none is open leaves the next one whole', () => {
    const opened = debate.open({ type: 'collaboration.opened', plan: planWith() });

    const state = debate.evolve(opened, { type: 'closing.requested', by: 'ann', scope: 'round' });

    expect(state.closing).toBeNull();
  });

  test('a message changes nothing but what the seats are told', () => {
    const message: Fact = { type: 'message.added', by: 'ann', messageId: 'm1' };
    const without = drive(debate, planWith(), restless);
    const run = drive(debate, planWith(), restless, { interruptions: { 3: message } });

    expect(run.state).toEqual(without.state);
    expect(courseOf(run.facts)).toContain('message.added');
  });
});

describe('the deadline', () => {
  test('ends the open round, and silence is abstention', () => {
    const run = drive(
      debate,
      planWith(),
      (turn) => (turn.seat === 's1' ? position(turn, 'o2') : null),
      { interruptions: { 3: { type: 'deadline.passed' } } },
    );

    expect(run.state.passes.at(-1)).toMatchObject({ reason: 'deadline' });
    expect(run.state.verdict).toMatchObject({ answer: 'o2', stoppedBy: 'deadline' });
  });

  test('without any answer is the reason for no decision', () => {
    const opened: Fact = { type: 'collaboration.opened', plan: planWith() };
    const state = foldRun([opened, { type: 'deadline.passed' }]);

    expect(debate.next(state)).toMatchObject({
      facts: [{ verdict: { kind: 'no-decision', reason: 'deadline', rounds: 0 } }],
    });
  });
});

describe('abstentions', () => {
  test('a seat that fails keeps the position it took before', () => {
    const run = drive(debate, planWith({ rounds: 2 }), (turn, state) =>
      turn.round === 2
        ? { type: 'turn.abstained', ...turn, reason: 'not-json', ...aCost }
        : restless(turn, state),
    );

    expect(Object.keys(run.state.standpoints)).toEqual(['s1', 's2', 's3']);
  });

  test('a seat that declines takes its position back', () => {
    const run = drive(debate, planWith({ rounds: 2 }), (turn, state) =>
      turn.round === 2 && turn.seat === 's1'
        ? { type: 'turn.abstained', ...turn, reason: 'declined', ...aCost }
        : restless(turn, state),
    );

    expect(Object.keys(run.state.standpoints)).toEqual(['s2', 's3']);
  });

  test('when nobody ever answers there is no decision, and it says so', () => {
    const run = drive(debate, planWith({ rounds: 2 }), (turn) => ({
      type: 'turn.abstained',
      ...turn,
      reason: 'empty',
      ...aCost,
    }));

    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'no-answers' });
  });

  test('a call that was stopped costs, and counts for nobody', () => {
    const [opened, asked] = drive(debate, planWith(), () => null).facts;
    if (opened === undefined || asked === undefined) throw new Error('a run opens a round');
    const cancelled: Fact = {
      type: 'turn.cancelled',
      turn: 'proposal-1-s1',
      task: 'proposal',
      round: 1,
      seat: 's1',
      ...aCost,
    };
    const state = foldRun([opened, asked, cancelled]);

    expect(state.spent.calls).toBe(1);
    expect(state.standpoints).toEqual({});
  });
});

describe('folding', () => {
  test('refuses a stream that does not begin with an opening', () => {
    expect(() => foldRun([])).toThrow('got none, expected collaboration.opened');
    expect(() => foldRun([{ type: 'deadline.passed' }])).toThrow('got deadline.passed');
  });

  test('vetoes stay with the position', () => {
    const plan = planWith({ rounds: 1, protocol: { kind: 'quorum', required: 2, veto: true } });
    const run = drive(debate, plan, (turn) => ({
      ...position(turn, turn.seat === 's3' ? 'o2' : 'o1'),
      ...(turn.seat === 's3' ? { vetoes: ['o1'] } : {}),
    }));

    expect(run.state.standpoints['s3']?.vetoes).toEqual(['o1']);
    expect(run.state.verdict).toMatchObject({ kind: 'no-decision', reason: 'veto' });
  });
});

describe('a course', () => {
  test('that goes round in circles is stopped instead of recording for ever', () => {
    const circling = machineOf({
      following: (state) => ({ round: state.round + 1, phase: 'vote' }),
      enough: () => null,
      isDeciding: () => false,
    });
    const state = circling.open({ type: 'collaboration.opened', plan: planWith({ seats: [] }) });

    expect(() => circling.next(state)).toThrow('a step decided more than 32 facts');
  });

  test('ends after a pass that was opened as the last, unless the budget is raised in it', () => {
    const plan = planWith({ rounds: 5, budget: { tokens: 460, microsUsd: null } });
    const turns = plan.seats.map(({ seat }) => turnRef('proposal', 1, seat));
    const state = foldRun([
      { type: 'collaboration.opened', plan },
      {
        type: 'round.opened',
        round: 1,
        phase: 'proposal',
        seats: plan.seats.map(({ seat }) => seat),
        directives: { context: 'summary', isLast: true },
      },
      ...turns.map((turn) => position(turn, 'o1')),
    ]);

    const facts = factsOf(debate.next(state));
    const raised = debate.evolve(state, {
      type: 'budget.raised',
      by: 'ann',
      budget: { tokens: 90_000, microsUsd: null },
    });

    expect(facts.at(-1)).toMatchObject({ verdict: { answer: 'o1', stoppedBy: 'budget' } });
    expect(factsOf(debate.next(raised)).map(({ type }) => type)).toEqual([
      'round.closed',
      'round.opened',
    ]);
  });

  test('records nothing while it asks, waits or ends', () => {
    expect(factsOf({ kind: 'ask', turns: [] })).toEqual([]);
    expect(factsOf({ kind: 'wait', reason: 'paused' })).toEqual([]);
  });
});
