import { describe, expect, test } from '@jest/globals';

import { turnRef, type Fact } from '../../domain/collaboration/fact.ts';
import { gateFor } from '../../domain/gate/gate-defaults.ts';
import { factsOf } from '../../domain/collaboration/step.ts';
import { debate } from '../../domain/debate/debate.ts';
import { foldRun, openingFacts } from '../../domain/machines.ts';
import { detailsOf, recordSummaryOf, summaryOf } from '../../workflows/details.ts';
import { aCost, position } from '../support/drive.ts';
import { asking, driveWith } from '../domain/approvals/people.ts';
import { planWith, seats } from '../support/plans.ts';

const summaryBytesMax = 200;
const closed: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' };
const answered = [position(turnRef('proposal', 1, 's1'), 'o1')];
const decided: Fact = {
  type: 'decision.reached',
  verdict: {
    kind: 'decided',
    answer: 'o1',
    reason: null,
    stoppedBy: 'rounds',
    rounds: 1,
    explanation: 'o1 has the most, 1 of 1',
  },
};

function runWith(facts: readonly Fact[], simulated = true): ReturnType<typeof foldRun> {
  const plan = planWith({ seats: seats(3).map((seat) => ({ ...seat, simulated })) });
  return foldRun([...openingFacts(plan), ...facts]);
}

describe('the summary of a record', () => {
  test('names every fact, and the pass of those that have one', () => {
    const opened: Fact = {
      type: 'round.opened',
      round: 2,
      phase: 'revision',
      seats: ['s1'],
      directives: { context: 'full', isLast: false },
    };

    expect(recordSummaryOf([closed, { type: 'threshold.reached', percent: 80 }, opened])).toBe(
      'round.closed 1 proposal, threshold.reached, round.opened 2 revision',
    );
  });

  test('is never longer than the server takes', () => {
    const many = Array.from({ length: 16 }, () => closed);

    expect(recordSummaryOf(many)).toHaveLength(summaryBytesMax);
  });
});

describe('the summary of a model call', () => {
  test('names round, task, personas and agent', () => {
    const plain = seats(2);
    const personas = ['critic', 'security'];
    const plan = planWith({ seats: plain.map((seat) => ({ ...seat, personas })) });

    const summary = summaryOf(foldRun(openingFacts(plan)), turnRef('revision', 2, 's1'));

    expect(summary).toBe('round 2 revision, critic, security, a1');
  });

  test('names the agent of the chair', () => {
    const summary = summaryOf(runWith([]), turnRef('synthesis', 3, 'chair'));

    expect(summary).toBe('round 3 synthesis, a1');
  });

  test.each(['critic', 'Kritikerin für Straßen', '批評家', '🦉 owl'])(
    'has at most 200 bytes and no half character with personas like %s',
    (persona) => {
      const personas = Array.from({ length: 10 }, () => persona.repeat(6));
      const plan = planWith({ seats: seats(3).map((seat) => ({ ...seat, personas })) });

      const summary = summaryOf(foldRun(openingFacts(plan)), turnRef('proposal', 1, 's1'));

      expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(summaryBytesMax);
      expect(Buffer.byteLength(summary)).toBeGreaterThan(summaryBytesMax - 4);
      expect(summary.isWellFormed()).toBe(true);
      expect(`round 1 proposal, ${personas.join(', ')}`.startsWith(summary)).toBe(true);
    },
  );
});

describe('the details of a run', () => {
  const courses: readonly (readonly [string, readonly Fact[], string])[] = [
    ['at its start', [], 'round 1 of 2, proposal: 0 of 3 are back'],
    ['in a round', answered, 'round 1 of 2, proposal: 1 of 3 are back'],
    ['between rounds', [...answered, closed], 'after round 1'],
    ['while it is paused', [{ type: 'collaboration.paused', by: 'x' }], 'paused'],
    ['that has ended', [...answered, closed, decided], 'ended: decided, rounds'],
  ];

  test.each(courses)('say where one is %s', (_when, facts, where) => {
    const [first] = detailsOf(runWith(facts)).split('\n');

    expect(first).toBe(`**debate**, 3 seats, ${where}`);
  });

  test('say what was spent, and the verdict when there is one', () => {
    const tokens = (aCost.usage.inputTokens ?? 0) + (aCost.usage.outputTokens ?? 0);

    const details = detailsOf(runWith([...answered, closed, decided]));

    expect(details).toContain(`spent ${String(tokens)} tokens in 1 calls`);
    expect(details).toContain('verdict: o1 has the most, 1 of 1');
  });

  test('say what the gate saw and decided, and name its outcome in its record', () => {
    const plan = planWith({ seats: seats(2), gate: gateFor(0.5) });
    const voted = foldRun([
      ...openingFacts(plan),
      position(turnRef('proposal', 1, 's1'), 'o1'),
      position(turnRef('proposal', 1, 's2'), 'o1'),
    ]);
    const facts = factsOf(debate.next(voted));

    expect(recordSummaryOf(facts)).toBe(
      'round.closed 1 proposal, gate.decided done, decision.reached',
    );
    expect(detailsOf(facts.reduce((state, fact) => debate.evolve(state, fact), voted))).toContain(
      'gate: done, disagreement 0 of 1, margin 100 % of the weight, confidence 80 %',
    );
    expect(detailsOf(voted)).not.toContain('gate');
  });

  test('mark simulated agents, and only those', () => {
    expect(detailsOf(runWith([]))).toContain('simulated');
    expect(detailsOf(runWith([], false))).not.toContain('simulated');
  });
});

describe('what the Temporal UI shows of a run that asks people', () => {
  test('says what is awaited, how it can be answered, and what holds otherwise', () => {
    const { facts, state } = driveWith(asking({ expiresAfterMs: 60_000 }), []);

    expect(detailsOf(state)).toContain(
      'waits for people: decision-1 (approve, reject, edit; after 60 s reject)',
    );
    expect(recordSummaryOf(facts.slice(-1))).toBe('approval.requested decision-1');
  });
});
