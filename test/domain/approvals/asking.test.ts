import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { pendingIn } from '../../../domain/approvals/approvals.ts';
import { gateWayOf, settlingFact } from '../../../domain/approvals/asking.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import { machines, foldRun } from '../../../domain/machines.ts';
import { aCost, position, type Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { agreed, ann, answerTo, approvalCourse, asking, driveWith } from './people.ts';

const split: Panel = (turn) => position(turn, turn.seat === 's1' ? 'o1' : 'o2');
const cancelled: Fact = { type: 'collaboration.cancelled', by: ann, reason: 'enough' };
const closed: Fact = { type: 'closing.requested', by: ann, scope: 'run' };
const late: Fact = { type: 'deadline.passed' };

describe('a run that asks nobody', () => {
  test('has no word of approvals in its state', () => {
    const { state } = driveWith(planWith(), []);

    expect(state).not.toHaveProperty('approvals');
    expect(state.verdict).not.toHaveProperty('people');
  });
});

describe('the decision', () => {
  test('is shown to people with what the panel decided, and waited for', () => {
    const { state } = driveWith(asking(), []);

    expect(machines.debate.next(state)).toEqual({ kind: 'wait', reason: 'approval' });
    expect(state.approvals?.['decision-1']).toMatchObject({
      state: 'pending',
      point: 'decision',
      answers: ['approve', 'reject', 'edit'],
      onExpiry: 'reject',
      candidate: { kind: 'decided', answer: 'o1' },
    });
  });

  test.each([
    ['approve', null, { kind: 'decided', answer: 'o1', reason: null }],
    ['reject', null, { kind: 'no-decision', answer: null, reason: 'rejected' }],
    ['edit', 'o2', { kind: 'decided', answer: 'o2', reason: null }],
  ] as const)('becomes what people say: %s', (answer, choice, verdict) => {
    const { state } = driveWith(asking(), [answerTo('decision-1', answer, { choice })]);

    expect(state.verdict).toMatchObject({
      ...verdict,
      people: { approval: 'decision-1', answer, by: ann, panel: { kind: 'decided', answer: 'o1' } },
    });
  });

  test.each([
    ['approve', { kind: 'decided', answer: 'o1' }],
    ['reject', { kind: 'no-decision', reason: 'rejected' }],
  ] as const)('takes the default when nobody answers: %s', (answer, verdict) => {
    const expired: Fact = { type: 'approval.expired', approval: 'decision-1', answer };
    const { state } = driveWith(asking(), [expired]);

    expect(state.verdict).toMatchObject({ ...verdict, people: { answer, by: null } });
  });

  test('can be given by people where the panel has none', () => {
    const plan = asking({}, { protocol: { kind: 'unanimity' } });
    const { state } = driveWith(plan, [answerTo('decision-1', 'edit', { choice: 'o2' })], split);

    expect(state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'o2',
      people: { panel: { kind: 'no-decision', answer: null, reason: 'no-quorum' } },
    });
  });

  test('stays the one that was shown when the budget is raised meanwhile', () => {
    const plan = asking({}, { budget: { tokens: 300, microsUsd: null }, rounds: 3 });
    const raised: Fact = {
      type: 'budget.raised',
      by: ann,
      budget: { tokens: 90_000, microsUsd: null },
    };
    const { state, facts } = driveWith(plan, [raised, answerTo('decision-1', 'approve')]);

    expect(facts.filter(({ type }) => type === 'round.opened')).toHaveLength(1);
    expect(state.verdict).toMatchObject({ kind: 'decided', stoppedBy: 'budget' });
  });
});

describe('a run that is ended while people are waited for', () => {
  test.each([
    ['cancelled', cancelled, { kind: 'no-decision', reason: 'cancelled' }],
    ['closed', closed, { kind: 'decided', stoppedBy: 'closed' }],
  ] as const)('withdraws what is pending: %s', (_how, fact, verdict) => {
    const { state, facts } = driveWith(asking(), [fact]);

    expect(approvalCourse(facts)).toEqual(['requested decision-1', 'withdrawn decision-1']);
    expect(state.verdict).toMatchObject(verdict);
    expect(state.verdict).not.toHaveProperty('people');
  });

  test('is cancelled also right after the answer', () => {
    const { state } = driveWith(asking(), []);
    const machine = machines.debate;
    const answered = machine.evolve(state, answerTo('decision-1', 'approve'));

    const step = machine.next(machine.evolve(answered, cancelled));

    expect(step).toMatchObject({ kind: 'record', facts: [{ verdict: { reason: 'cancelled' } }] });
  });

  test('asks nothing when a person closed it before its end', () => {
    const { facts } = driveWith(asking({ points: ['round', 'decision'] }), [closed]);

    expect(approvalCourse(facts)).toEqual(['requested round-1', 'withdrawn round-1']);
  });

  test('takes the defaults when its time is up, and asks no more', () => {
    const plan = asking({ points: ['round', 'decision'] });
    const { state, facts } = driveWith(plan, [late]);

    expect(approvalCourse(facts)).toEqual([
      'requested round-1',
      'expired round-1',
      'requested decision-1',
      'expired decision-1',
    ]);
    expect(state.verdict).toMatchObject({ reason: 'rejected', stoppedBy: 'deadline' });
  });
});

describe('questions at the start', () => {
  const plan = asking({ points: ['start'], questions: 3 });

  test('are all asked before anybody is, and nobody is asked before all are settled', () => {
    const run = driveWith(plan, [answerTo('question-2', 'reply', { textId: 't' })]);

    expect(approvalCourse(run.facts).slice(0, 3)).toEqual([
      'requested question-1',
      'requested question-2',
      'requested question-3',
    ]);
    expect(pendingIn(run.state)).toEqual(['question-1', 'question-3']);
    expect(run.asked).toEqual([]);
  });

  test('come to the same state, whatever the order of their answers', () => {
    const answers = ['question-1', 'question-2', 'question-3'].map((name, index) =>
      index === 1
        ? ({ type: 'approval.expired', approval: name, answer: 'skip' } as const)
        : answerTo(name, 'reply', { textId: name }),
    );
    const { facts } = driveWith(plan, []);
    const folded = foldRun([...facts, ...answers]);

    fc.assert(
      fc.property(
        fc.shuffledSubarray(answers, { minLength: answers.length }),
        fc.constantFrom(...answers),
        (shuffled, again) => {
          expect(foldRun([...facts, ...shuffled, again])).toEqual(folded);
        },
      ),
    );
  });
});

describe('a round', () => {
  const rounds = asking({ points: ['round'] }, { rounds: 3 });

  test('is asked about only where another would follow', () => {
    const yes = (round: number) => answerTo(`round-${String(round)}`, 'approve');
    const { facts, state } = driveWith(rounds, [yes(1), yes(2)]);

    expect(approvalCourse(facts).filter((line) => line.startsWith('requested'))).toEqual([
      'requested round-1',
      'requested round-2',
    ]);
    expect(state.verdict).toMatchObject({ rounds: 3, stoppedBy: 'rounds' });
  });

  test('is the last one where the answer is no', () => {
    const { state } = driveWith(rounds, [answerTo('round-1', 'reject')]);

    expect(state.verdict).toMatchObject({ rounds: 1, stoppedBy: 'closed', kind: 'decided' });
  });

  test('is not asked about between critique and revision', () => {
    const plan = asking({ points: ['round'] }, { depth: 'split', rounds: 2 });
    const panel: Panel = (turn) =>
      turn.task === 'critique'
        ? { type: 'critique.submitted', ...turn, ...aCost }
        : position(turn, 'o1');
    const { facts } = driveWith(plan, [answerTo('round-1', 'approve')], panel);

    expect(approvalCourse(facts)).toEqual(['requested round-1', 'answered round-1']);
  });

  test('is answered as the one before where that was to be remembered', () => {
    const remembered = answerTo('round-1', 'approve', { remember: true });
    const { facts } = driveWith(rounds, [remembered]);

    expect(facts.filter(({ type }) => type === 'approval.answered')).toEqual([
      remembered,
      answerTo('round-2', 'approve', { remember: true, remembered: 'round-1' }),
    ]);
  });

  test('does not remember an answer of another point', () => {
    const plan = asking({ points: ['start', 'round'], questions: 1 });
    const skipped = answerTo('question-1', 'skip', { remember: true });
    const { state } = driveWith(plan, [skipped]);

    expect(pendingIn(state)).toEqual(['round-1']);
    expect(settlingFact(state)).toBeNull();
  });
});

describe('a gate that asks', () => {
  const gate = {
    disagreementMax: 1,
    marginMin: 0,
    confidenceMin: 1,
    confidenceAsk: 1,
    statedMin: 0,
    askedWay: 'debate' as const,
  };
  const plan = asking({ points: ['gate', 'round'] }, { gate });

  test.each([
    ['done', 1],
    ['debate', 2],
  ] as const)('does what people say: %s, and asks once', (answer, rounds) => {
    const { state, facts } = driveWith(plan, [answerTo('gate-1', answer)]);

    expect(approvalCourse(facts)).toEqual(['requested gate-1', 'answered gate-1']);
    expect(state.verdict).toMatchObject({ rounds });
    expect(gateWayOf(state)).toBe(answer);
  });

  test('has no way before they have', () => {
    expect(gateWayOf(driveWith(plan, []).state)).toBeNull();
  });

  test('takes its own way where people are not asked about it', () => {
    const { state, facts } = driveWith(asking({ points: ['round'] }, { gate }), []);

    expect(approvalCourse(facts)).toEqual(['requested round-1']);
    expect(gateWayOf(state)).toBe('debate');
  });

  test('asks nobody where it does not ask', () => {
    const sure = { ...gate, confidenceMin: 0, confidenceAsk: 0 };
    const { facts } = driveWith(asking({ points: ['gate'] }, { gate: sure }), [], agreed);

    expect(approvalCourse(facts)).toEqual([]);
  });
});
