import { describe, expect, test } from '@jest/globals';

import { analysis } from '../../../domain/analysis/analysis.ts';
import type { Fact } from '../../../domain/collaboration/fact.ts';
import { factsOf } from '../../../domain/collaboration/step.ts';
import {
  abstained,
  answered,
  decomposed,
  notPlanned,
  part,
  partIn,
  partsEnding,
  runAnalysis,
  synthesised,
  threeParts,
  unanswered,
} from '../../support/analyses.ts';
import { aCost, type Driven, type Panel, type Parts } from '../../support/drive.ts';
import { people } from '../approvals/people.ts';

/** The facts after the opening, each in a word or two. */
function story({ facts }: Driven): string[] {
  return facts.slice(1).map((fact) => {
    if (fact.type === 'part.ended') return `${fact.part} ${fact.ending}`;
    return fact.type === 'part.opened' ? `${fact.part} opened` : fact.type;
  });
}

const cancelled: Fact = { type: 'collaboration.cancelled', by: 'ann', reason: 'enough' };
const closed: Fact = { type: 'closing.requested', by: 'ann', scope: 'run' };
const deadline: Fact = { type: 'deadline.passed' };

describe('an analysis', () => {
  test('cuts, answers its parts, those that need others last, and writes the whole answer', () => {
    const driven = runAnalysis();

    expect(story(driven)).toEqual([
      'question.decomposed',
      'p1 opened',
      'p2 opened',
      'p1 answered',
      'p2 answered',
      'p3 opened',
      'p3 answered',
      'synthesis.written',
      'decision.reached',
    ]);
    expect(driven.asked).toEqual(['decomposition-1-chair', 'synthesis-1-chair']);
    expect(driven.state.verdict).toEqual({
      kind: 'decided',
      answer: 'awhole',
      reason: null,
      stoppedBy: 'parts',
      rounds: 0,
      explanation: '3 of 3 parts answered',
    });
  });

  test('begins with its chair alone', () => {
    const { state } = runAnalysis({ panel: () => null });

    expect(analysis.next(state)).toMatchObject({
      kind: 'ask',
      turns: [{ turn: 'decomposition-1-chair', task: 'decomposition', seat: 'chair' }],
    });
  });

  test('names the parts that are to be under way', () => {
    const { state } = runAnalysis({ parts: () => [] });

    expect(analysis.next(state)).toEqual({ kind: 'ask', turns: [], parts: ['p1', 'p2'] });
  });

  test('counts what its parts used', () => {
    const { state } = runAnalysis();

    expect(state.spent).toEqual({
      usage: { inputTokens: 800, cachedTokens: 0, outputTokens: 400 },
      tokens: 1200,
      microsUsd: 240,
      calls: 8,
      unknownCalls: 0,
    });
  });

  test('says that parts contradict each other', () => {
    const panel: Panel = (turn) =>
      turn.task === 'synthesis' ? synthesised(turn, [['p1', 'p2']]) : decomposed(turn, threeParts);

    expect(runAnalysis({ panel }).state.verdict?.explanation).toBe(
      '3 of 3 parts answered; 1 contradiction between parts',
    );
  });

  test('counts contradictions', () => {
    const panel: Panel = (turn) =>
      turn.task === 'synthesis'
        ? synthesised(turn, [
            ['p1', 'p2'],
            ['p2', 'p3'],
          ])
        : decomposed(turn, threeParts);

    expect(runAnalysis({ panel }).state.verdict?.explanation).toContain(
      '; 2 contradictions between parts',
    );
  });
});

describe('a question that is not cut', () => {
  test.each([
    ['nothing usable was proposed', abstained],
    [
      'one part was proposed',
      (turn: Parameters<typeof abstained>[0]) => decomposed(turn, [part('p1')]),
    ],
  ])('is answered as one part where %s', (_why, panel) => {
    const driven = runAnalysis({ panel });

    expect(story(driven).slice(1)).toEqual(['p1 opened', 'p1 answered', 'decision.reached']);
    expect(driven.state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'p1',
      explanation: '1 of 1 part answered',
    });
  });

  test.each([
    [{}, 'other'],
    [{ questionKind: 'planning' as const }, 'planning'],
  ])('has the kind of the plan %j', (plan, kind) => {
    expect(partIn(runAnalysis({ plan, panel: abstained }).state, 'p1').kind).toBe(kind);
  });
});

describe('parts without an answer', () => {
  test('leave a partial answer that says so', () => {
    const driven = runAnalysis({ parts: partsEnding({ p2: unanswered('p2', 'budget') }) });

    expect(driven.state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'awhole',
      explanation: '2 of 3 parts answered; p2 ran out of its budget',
    });
  });

  test('are not in the way of a part that needs them and others', () => {
    const driven = runAnalysis({ parts: partsEnding({ p1: unanswered('p1') }) });

    expect(partIn(driven.state, 'p3').end?.ending).toBe('answered');
  });

  test('end a part that needs nothing else, without cost', () => {
    const driven = runAnalysis({
      parts: partsEnding({ p1: unanswered('p1'), p2: answered('p2', { ending: 'failed' }) }),
    });

    expect(partIn(driven.state, 'p3')).toMatchObject({
      budget: null,
      end: { ending: 'refused', reason: 'needs-missing', calls: 0, microsUsd: 0 },
    });
  });

  test('leave the only answer there is', () => {
    const driven = runAnalysis({
      parts: partsEnding({ p1: notPlanned('p1'), p3: unanswered('p3', 'tie') }),
    });

    expect(driven.asked).not.toContain('synthesis-1-chair');
    expect(driven.state.verdict).toMatchObject({
      answer: 'p2',
      explanation:
        '1 of 3 parts answered; p1 was not begun, for its share of the budget was too small; p3 came to no decision (tie)',
    });
  });

  test('leave no decision where there is none at all', () => {
    const parts: Parts = (running) => running.map((name) => unanswered(name));

    expect(runAnalysis({ parts }).state.verdict).toMatchObject({
      kind: 'no-decision',
      answer: null,
      reason: 'no-answers',
    });
  });
});

describe('a synthesis that nobody wrote', () => {
  test.each([
    ['abstained', abstained, 'parts'],
    [
      'was refused for want of budget',
      (turn: Parameters<typeof abstained>[0]) =>
        ({ type: 'turn.refused', ...turn, reason: 'budget' }) as const,
      'budget',
    ],
  ])('leaves the list of answers where the chair %s', (_why, end, stoppedBy) => {
    const panel: Panel = (turn) =>
      turn.task === 'synthesis' ? end(turn) : decomposed(turn, threeParts);

    expect(runAnalysis({ panel }).state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'parts',
      stoppedBy,
      explanation: '3 of 3 parts answered; no synthesis was written',
    });
  });
});

describe('an analysis that is stopped', () => {
  test('ends without a decision where the question was not cut for want of budget', () => {
    const panel: Panel = (turn) => ({ type: 'turn.refused', ...turn, reason: 'budget' });

    expect(runAnalysis({ panel }).state.verdict).toMatchObject({
      kind: 'no-decision',
      reason: 'budget',
      explanation: 'the question was not cut into parts',
    });
  });

  test('asks nobody to cut the question any more', () => {
    const driven = runAnalysis({ panel: () => null });
    const after = analysis.evolve(driven.state, deadline);

    expect(analysis.next(after)).toMatchObject({
      kind: 'record',
      facts: [{ type: 'decision.reached', verdict: { reason: 'deadline' } }],
    });
  });

  test.each([
    ['cancelled', cancelled],
    ['closed', closed],
    ['out of time', deadline],
  ])('waits for the parts that run and begins no other where it is %s', (_how, fact) => {
    const { state } = runAnalysis({ parts: () => [] });
    const stopped = analysis.evolve(state, fact);

    const step = analysis.next(stopped);

    expect(step).toMatchObject({
      kind: 'record',
      facts: [{ type: 'part.ended', part: 'p3', ending: 'refused', reason: 'stopped' }],
    });
    const left = factsOf(step).reduce((ahead, next) => analysis.evolve(ahead, next), stopped);
    expect(analysis.next(left)).toEqual({ kind: 'ask', turns: [], parts: ['p1', 'p2'] });
  });

  test('lists the answers it has where its time is up', () => {
    expect(runAnalysis({ interruptions: { 5: deadline } }).state.verdict).toMatchObject({
      kind: 'decided',
      answer: 'parts',
      stoppedBy: 'deadline',
      explanation: '2 of 3 parts answered; p3 was not begun; no synthesis was written',
    });
  });

  test('has its answers written up where a person closes it', () => {
    const driven = runAnalysis({ interruptions: { 5: closed } });

    expect(driven.asked).toContain('synthesis-1-chair');
    expect(driven.state.verdict).toMatchObject({ answer: 'awhole', stoppedBy: 'closed' });
  });

  test('has no decision where it is cancelled, whatever its parts answered', () => {
    expect(runAnalysis({ interruptions: { 5: cancelled } }).state.verdict).toMatchObject({
      kind: 'no-decision',
      reason: 'cancelled',
      stoppedBy: 'cancelled',
      explanation: 'cancelled by ann',
    });
  });

  test('begins no other part once its budget is used up', () => {
    const driven = runAnalysis({
      plan: { budget: { tokens: 2000, microsUsd: null } },
      parts: partsEnding({ p1: answered('p1', { charged: { tokens: 2000, microsUsd: 0 } }) }),
    });

    expect(driven.state.verdict).toMatchObject({ stoppedBy: 'budget', answer: 'parts' });
    expect(partIn(driven.state, 'p3').end?.reason).toBe('stopped');
  });

  test('waits for nothing while it is paused, and names its parts', () => {
    const { state } = runAnalysis({ parts: () => [] });
    const paused = analysis.evolve(state, { type: 'collaboration.paused', by: 'ann' });

    expect(analysis.next(paused)).toEqual({ kind: 'wait', reason: 'paused', parts: ['p1', 'p2'] });
  });
});

describe('the people of an analysis', () => {
  const asking = people({ points: ['start', 'decision'], questions: 1 });

  test('are asked before the question is cut', () => {
    const driven = runAnalysis({ plan: { people: asking } });

    expect(story(driven)).toEqual(['approval.requested']);
    expect(analysis.next(driven.state)).toEqual({ kind: 'wait', reason: 'approval' });
  });

  test('have the last word', () => {
    const skipped: Fact = {
      type: 'approval.answered',
      approval: 'question-1',
      by: 'ann',
      answer: 'skip',
      choice: null,
      remember: false,
    };
    const approved: Fact = { ...skipped, approval: 'decision-1', answer: 'approve' };
    const driven = runAnalysis({
      plan: { people: asking },
      interruptions: { 2: skipped, 12: approved },
    });

    expect(story(driven).slice(-3)).toEqual([
      'approval.requested',
      'approval.answered',
      'decision.reached',
    ]);
    expect(driven.state.verdict?.people).toMatchObject({ answer: 'approve', by: 'ann' });
  });
});

describe('a part', () => {
  test('ends once', () => {
    const { state } = runAnalysis();

    expect(analysis.evolve(state, unanswered('p1'))).toBe(state);
  });

  test('is opened once', () => {
    const { state } = runAnalysis({ parts: () => [] });
    const again: Fact = { type: 'part.opened', part: 'p1', budget: { tokens: 1, microsUsd: 1 } };

    expect(analysis.evolve(state, again)).toBe(state);
  });

  test('that nobody proposed changes nothing', () => {
    const { state } = runAnalysis({ panel: () => null });

    expect(analysis.evolve(state, answered('p9'))).toBe(state);
  });

  test('counts unknown calls as such', () => {
    const unknown = answered('p1', {
      usage: { inputTokens: null, cachedTokens: null, outputTokens: null },
      microsUsd: null,
      unknownCalls: 1,
    });

    expect(runAnalysis({ parts: partsEnding({ p1: unknown }) }).state.spent).toMatchObject({
      usage: { inputTokens: null },
      tokens: 1200,
      unknownCalls: 1,
    });
  });

  test('is not needed by a synthesis of which nothing is known in other patterns', () => {
    const { state } = runAnalysis({ panel: () => null });
    const written: Fact = {
      type: 'synthesis.written',
      turn: 'synthesis-1-chair',
      task: 'synthesis',
      round: 1,
      seat: 'chair',
      ...aCost,
    };

    expect(analysis.evolve(state, written)).not.toHaveProperty('synthesised');
  });
});
