import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { pendingIn } from '../../../domain/approvals/approvals.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { foldRun, machines } from '../../../domain/machines.ts';
import { replay } from '../../../domain/replay/replay.ts';
import { whatIf } from '../../../domain/replay/what-if.ts';
import { drive } from '../../support/drive.ts';
import { agreed, answerTo, approvalCourse, asking, driveWith } from '../approvals/people.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { recordedAs, type DrivenRun } from './driven-run.ts';
import { askFork, driveOn, factsOfFork, fork, type Forked } from './forked-run.ts';

const everywhere = asking(
  { points: ['start', 'round', 'decision'], questions: 2 },
  { rounds: 3, endsEarly: false },
);
const replies: readonly Fact[] = [
  answerTo('question-1', 'reply', { textId: 't1' }),
  answerTo('question-2', 'skip'),
];

function runWith(answers: readonly Fact[], plan: Plan = everywhere): DrivenRun {
  return recordedAs(driveWith(plan, [...replies, ...answers]).facts);
}

const approved = runWith([
  answerTo('round-1', 'approve'),
  answerTo('round-2', 'approve'),
  answerTo('decision-1', 'approve'),
]);
const rejected = runWith([answerTo('round-1', 'reject'), answerTo('decision-1', 'approve')]);

/** Drives a fork to its end; whatever people are asked gets the default of the plan. */
function settled(forked: Forked): DrivenRun {
  const machine = machines[forked.plan.pattern];
  let [, ...begun] = factsOfFork(forked);
  for (;;) {
    const { state, facts } = drive(machine, forked.plan, agreed, { begun });
    const [approval] = pendingIn(state);
    if (approval === undefined) return driveOn(forked, agreed, undefined, facts.slice(1));
    const answer = state.approvals?.[approval]?.onExpiry ?? 'skip';
    begun = [...facts.slice(1), { type: 'approval.expired', approval, answer }];
  }
}

describe('a fork of a run that asks people', () => {
  test('takes over what they said where the run went on, and asks the decision anew', () => {
    const forked = fork(approved.events);

    expect(approvalCourse(factsOfFork(forked))).toEqual([
      'requested question-1',
      'requested question-2',
      'answered question-1',
      'answered question-2',
      'requested round-1',
      'answered round-1',
      'requested round-2',
      'answered round-2',
    ]);
    expect(approvalCourse(settled(forked).facts).slice(-2)).toEqual([
      'requested decision-1',
      'expired decision-1',
    ]);
  });

  test('asks again what had ended its origin', () => {
    const forked = fork(rejected.events);

    const { facts, recorded } = settled(forked);

    expect(approvalCourse(factsOfFork(forked)).at(-1)).toBe('answered question-2');
    expect(approvalCourse(facts)).toContain('expired round-1');
    expect(recorded.run.state.verdict).toMatchObject({ rounds: 3 });
  });

  test('waits for what nobody had answered at the start', () => {
    const seq = approved.facts.findIndex(({ type }) => type === 'approval.answered');

    const state = foldRun(factsOfFork(fork(approved.events, { seq })));

    expect(pendingIn(state)).toEqual(['question-1', 'question-2']);
  });

  test.each([1, 2])('cannot begin amid the questions of the start, at event %i', (seq) => {
    expect(askFork(approved.events, { seq })).toMatchObject({
      ok: false,
      faults: [{ field: 'seq', got: String(seq), expected: expect.stringContaining('from 3 on') }],
    });
  });

  test('replays, and unchanged comes to the same, wherever it begins', () => {
    const runs = fc.constantFrom(approved, rejected);

    fc.assert(
      fc.property(runs, fc.nat(), ({ events, facts }, drawn) => {
        const decidedAt = facts.findIndex(({ type }) => type === 'decision.reached');
        const seq = 3 + (drawn % (decidedAt - 2));

        const run = settled(fork(events, { seq }));

        const source = { events: run.events, record: run.record, resolve: noLongTexts };
        expect(replay(source, sha256)).toMatchObject({ kind: 'equal' });
        const unchanged = whatIf(run.recorded, {});
        expect(unchanged.kind === 'answered' ? unchanged.decision : unchanged).toEqual(
          run.record.decision,
        );
      }),
    );
  });
});
