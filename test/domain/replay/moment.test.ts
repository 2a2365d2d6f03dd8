import { describe, expect, test } from '@jest/globals';

import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import { consensus } from '../../../domain/consensus/consensus.ts';
import { debate } from '../../../domain/debate/debate.ts';
import { momentOf, type Moment } from '../../../domain/replay/moment.ts';
import type { MomentAsked } from '../../../domain/replay/point.ts';
import { aCost, drive, position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { noLongTexts, sampleEvents } from '../ledger/sample-run.ts';
import { ballot, ledgerOf, runOf, type DrivenRun } from './driven-run.ts';

const paused: Fact = { type: 'collaboration.paused', by: '/users/ann' };
const resumed: Fact = { type: 'collaboration.resumed', by: '/users/ann' };
const message: Fact = { type: 'message.added', by: '/users/ann', messageId: 'm1' };

/** o1 wins by two to one; after the first answer Ann pauses, says something and resumes. */
const run = runOf(
  planWith({ rounds: 1, budget: { tokens: 1_000, microsUsd: null } }),
  (turn) => position(turn, turn.seat === 's3' ? 'o2' : 'o1'),
  { interruptions: { 3: paused, 4: message, 5: resumed } },
);

function momentIn({ events }: Pick<DrivenRun, 'events'>, asked: MomentAsked): Moment {
  const result = momentOf(events, asked, noLongTexts);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.moment;
}

describe('a moment', () => {
  test('of the beginning has nothing but its question', () => {
    expect(momentIn(run, { seq: 1 })).toMatchObject({
      seq: 1,
      events: run.events.length,
      status: 'running',
      round: 0,
      pass: null,
      positions: [],
      tally: null,
      budget: { spent: { tokens: 0, usd: 0, calls: 0 }, share: 0 },
      context: { question: 'Which one?', options: ['words of o1', 'words of o2'], messages: [] },
      verdict: null,
    });
  });

  test('within a pass tells who has answered and how the votes stand', () => {
    expect(momentIn(run, { seq: 7 })).toMatchObject({
      status: 'running',
      pass: { round: 1, phase: 'proposal', answered: ['s1', 's2'], outstanding: ['s3'] },
      positions: [
        { seat: 's1', agent: 'a1', turn: 'proposal-1-s1', answer: 'words of o1', confidence: 0.8 },
        { seat: 's2' },
      ],
      tally: {
        kind: 'decided',
        answer: 'words of o1',
        reason: null,
        method: 'plurality',
        counts: [
          { answer: 'words of o1', votes: 2 },
          { answer: 'words of o2', votes: 0 },
        ],
      },
      budget: { spent: { tokens: 300, microsUsd: 60, usd: 0.00006, calls: 2 }, share: 0.3 },
      context: { messages: [{ seq: 5, by: '/users/ann', text: 'Mind the licence.' }] },
    });
  });

  test('tells a pause, and the end', () => {
    expect(momentIn(run, { seq: 4 }).status).toBe('paused');
    expect(momentIn(run, {})).toMatchObject({
      seq: run.events.length,
      status: 'decided',
      pass: null,
      verdict: { answer: 'o1' },
    });
  });

  test('may be named by time', () => {
    expect(momentIn(run, { at: '2026-11-21T09:00:02.500Z' }).seq).toBe(3);
    expect(momentIn(run, { at: '2026-11-21T10:00:02.000+01:00' }).seq).toBe(3);
    expect(momentIn(run, { at: '2027-01-01T00:00:00.000Z' }).seq).toBe(run.events.length);
  });

  test('says that votes are equal', () => {
    const { facts } = drive(debate, planWith({ rounds: 1 }), (turn) =>
      turn.seat === 's3' ? null : position(turn, turn.seat === 's1' ? 'o1' : 'o2'),
    );

    expect(momentIn({ events: ledgerOf(facts) }, {}).tally).toMatchObject({
      kind: 'no-decision',
      answer: null,
      reason: 'tie',
    });
  });

  test('names the materials', () => {
    const { context } = momentIn({ events: sampleEvents() }, {});

    expect(context.materials).toEqual(['plan.md']);
  });

  test('counts no nominations', () => {
    const plan = planWith({
      pattern: 'consensus',
      optionKeys: [],
      protocol: { kind: 'ranked', method: 'schulze' },
    });
    const { facts } = drive(consensus, plan, (turn) =>
      turn.task === 'nomination' ? ballot(turn, 'approve', ['a1', 'a2']) : null,
    );

    expect(momentIn({ events: ledgerOf(facts) }, { seq: 3 })).toMatchObject({
      positions: [{ answer: ['words of a1', 'words of a2'] }],
      tally: null,
    });
  });

  test('tells which answers count as one', () => {
    const grouped: Fact = {
      type: 'answers.grouped',
      ...turnRef('grouping', 1, 'chair'),
      merges: { a2: 'a1', a1: 'a1' },
      ...aCost,
    };
    const facts: readonly Fact[] = [
      { type: 'collaboration.opened', plan: planWith({ optionKeys: [], grouping: 'model' }) },
      grouped,
    ];

    const { context } = momentIn({ events: ledgerOf(facts) }, {});

    expect(context.merges).toEqual([{ answer: 'a2', countsAs: 'a1' }]);
  });
});

describe('a moment that does not exist', () => {
  const last = run.events.length;

  test.each<[MomentAsked, string, string]>([
    [{ seq: 0 }, 'seq', `a whole number from 1 to ${String(last)}, the number of the last event`],
    [
      { seq: last + 1 },
      'seq',
      `a whole number from 1 to ${String(last)}, the number of the last event`,
    ],
    [{ seq: 1.5 }, 'seq', `a whole number from 1 to ${String(last)}, the number of the last event`],
    [
      { at: '2026-11-21T08:59:59.000Z' },
      'at',
      'a time from 2026-11-21T09:00:00.000Z on, its beginning',
    ],
    [{ seq: 1, at: '2026-11-21T09:00:00.000Z' }, 'at', 'nothing beside seq'],
  ])('%j is refused', (asked, field, expected) => {
    expect(momentOf(run.events, asked, noLongTexts)).toMatchObject({
      ok: false,
      faults: [{ field, expected }],
    });
  });
});
