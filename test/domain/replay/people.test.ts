import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { replay } from '../../../domain/replay/replay.ts';
import { position, type Panel } from '../../support/drive.ts';
import { seats } from '../../support/plans.ts';
import { ann, answerTo, asking, driveWith } from '../approvals/people.ts';
import { noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { answered, asked, reasonsIn } from './asking.ts';
import { recordedAs, type DrivenRun } from './driven-run.ts';

/** Three for o1, two for o2. */
const panel: Panel = (turn) => position(turn, ['s4', 's5'].includes(turn.seat) ? 'o2' : 'o1');

function runWith(plan: Plan, facts: readonly Fact[]): DrivenRun {
  return recordedAs(driveWith(plan, facts, panel).facts);
}

const plan = asking({ points: ['round', 'decision'] }, { seats: seats(5) });
const approved = runWith(plan, [answerTo('round-1', 'approve'), answerTo('decision-1', 'approve')]);

function replayed({ events, record }: DrivenRun) {
  return replay({ events, record, resolve: noLongTexts }, sha256);
}

describe('a run with answers of people', () => {
  const happenings: readonly Fact[] = [
    answerTo('question-1', 'reply', { textId: 't1' }),
    answerTo('question-2', 'skip'),
    answerTo('round-1', 'approve', { remember: true }),
    answerTo('round-1', 'reject'),
    answerTo('decision-1', 'approve', { commentId: 'c' }),
    answerTo('decision-1', 'edit', { choice: 'o2', textId: 't' }),
    { type: 'approval.expired', approval: 'question-1', answer: 'skip' },
    { type: 'approval.expired', approval: 'round-1', answer: 'approve' },
    { type: 'approval.expired', approval: 'decision-1', answer: 'reject' },
    { type: 'deadline.passed' },
    { type: 'collaboration.cancelled', by: ann, reason: 'enough' },
    { type: 'closing.requested', by: ann, scope: 'run' },
    { type: 'collaboration.paused', by: ann },
    { type: 'collaboration.resumed', by: ann },
  ];

  test('replays to the same record, and unchanged comes to the same decision', () => {
    const whole = asking(
      { points: ['start', 'round', 'decision'], questions: 2 },
      { seats: seats(5), rounds: 3 },
    );

    fc.assert(
      fc.property(fc.array(fc.constantFrom(...happenings), { maxLength: 12 }), (facts) => {
        const { state, facts: all } = driveWith(whole, facts, panel);
        fc.pre(state.verdict !== null);
        const last = all.findIndex(({ type }) => type === 'decision.reached');
        const run = recordedAs(all.slice(0, last + 1));

        expect(replayed(run)).toMatchObject({ kind: 'equal' });
        expect(answered(asked(run, {})).decision).toEqual(run.record.decision);
      }),
      { numRuns: 300 },
    );
  });

  test('is different where an answer was changed afterwards', () => {
    const facts = approved.facts.map((fact) =>
      fact.type === 'approval.answered' && fact.approval === 'decision-1'
        ? { ...fact, answer: 'reject' as const }
        : fact,
    );
    const { record } = approved;
    const forged = recordedAs(facts);

    expect(replayed({ ...forged, record: { ...record, head: forged.record.head } })).toMatchObject({
      kind: 'different',
      difference: { path: 'verdict.kind' },
    });
  });
});

describe('a what-if of a run with answers of people', () => {
  test('keeps what they said of the same outcome', () => {
    const { decision } = answered(asked(approved, { without: ['a5'] }));

    expect(decision.people?.decision).toMatchObject({ answer: 'approve', by: ann });
  });

  test('names the answer that nobody gave, because the outcome is another', () => {
    const result = asked(approved, { weights: {}, protocol: { kind: 'unanimity' } });

    expect(reasonsIn(result)).toEqual(['decision-1: what was answered was about another outcome']);
  });

  test('takes a default for any outcome', () => {
    const run = runWith(plan, [
      answerTo('round-1', 'approve'),
      { type: 'approval.expired', approval: 'decision-1', answer: 'approve' },
    ]);
    const { decision } = answered(asked(run, { protocol: { kind: 'unanimity' } }));

    expect(decision).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });

  test('names the answer that nobody was asked for', () => {
    const run = runWith(asking({ points: ['round'] }, { seats: seats(5), rounds: 2 }), [
      answerTo('round-1', 'approve'),
    ]);

    expect(reasonsIn(asked(run, { rounds: 3 }))).toEqual(['round-2: nobody was ever asked']);
  });

  test('does without an answer that is not needed any more', () => {
    const run = runWith(asking({ points: ['round'] }, { seats: seats(5), rounds: 2 }), [
      answerTo('round-1', 'approve'),
    ]);

    expect(answered(asked(run, { rounds: 1 })).decision.people?.approvals).toEqual([]);
  });
});
