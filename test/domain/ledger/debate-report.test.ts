import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { Cost, DebateReport, Decision } from '../../../domain/collaboration/decision.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import { gateFor } from '../../../domain/gate/gate-defaults.ts';
import { buildDecision, buildRecord } from '../../../domain/ledger/record.ts';
import { sealedRecordSchema } from '../../../domain/ledger/record-schema.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
import { position as vote, type Panel } from '../../support/drive.ts';
import { driven, unanimous } from './driven-debate.ts';
import {
  chained,
  decided,
  noLongTexts,
  opened,
  plan,
  position,
  price,
  roundClosed,
  roundOpened,
  said,
  sampleHappenings,
  sampleStream,
  sha256,
  single,
  type Happening,
} from './sample-run.ts';

const gate = gateFor(0.5);

function decisionOf(happenings: readonly Happening[]): Decision {
  return buildDecision({ events: chained(happenings), resolve: noLongTexts });
}

function reportOf(happenings: readonly Happening[]): DebateReport {
  const { debate: report } = decisionOf(happenings);
  if (report === undefined) throw new Error('the decision has no report');
  return report;
}

/** The sample debate under a plan that knows of gates. */
function sample(more: Partial<Plan> = {}): readonly Happening[] {
  return [opened(plan({ gate: null, ...more })), ...sampleHappenings().slice(1)];
}

describe('the report of a debate', () => {
  test('holds the blind vote against the end, and tells what lay between', () => {
    const report = reportOf(sample());

    expect(report.control).toEqual({
      kind: 'decided',
      answer: 'MySQL o2',
      reason: null,
      explanation: '"MySQL o2" has the most, 2 of 3',
    });
    expect(report).toMatchObject({ gate: null, changed: true });
    expect(report.marginal).toEqual({
      inputTokens: null,
      cachedTokens: null,
      outputTokens: null,
      usd: null,
      calls: 3,
      unknownCalls: 1,
      flips: 1,
    });
    expect(report.rounds.map(({ round, calls, usd }) => [round, calls, usd])).toEqual([
      [1, 3, 0.0045],
      [2, 3, null],
    ]);
    expect(report.chair).toMatchObject({ calls: 0, usd: 0 });
  });

  test('says that nothing was debated where the gate found the vote enough', () => {
    const happenings = driven(plan({ gate }), unanimous);
    const decision = decisionOf(happenings);

    expect(decision).toMatchObject({ answer: 'Postgres', stoppedBy: 'gate', rounds: 1 });
    expect(decision.debate).toMatchObject({
      control: { answer: 'Postgres' },
      gate: {
        outcome: 'done',
        way: 'done',
        reasons: [],
        leading: 'Postgres',
        disagreement: 0,
        margin: 1,
        confidence: 0.8,
      },
      changed: false,
      marginal: { calls: 0, inputTokens: 0, usd: 0, flips: 0 },
    });
    expect(decision.debate?.rounds).toEqual([{ round: 1, ...decision.cost }]);
  });

  test('counts a call that was lost with its round, as unknown', () => {
    const lost = { calls: 1, tokens: 700, microsUsd: 70 };
    const panel: Panel = (turn) =>
      turn.seat === 's1' ? { ...vote(turn, 'o1'), lost } : vote(turn, 'o1');

    const { debate: report } = decisionOf(driven(plan({ gate }), panel));

    expect(report?.rounds).toMatchObject([{ round: 1, calls: 4, unknownCalls: 1, usd: null }]);
  });

  test('has nothing that led where the gate saw a tie', () => {
    const tied: Panel = (turn) =>
      vote(turn, turn.seat === 's1' ? 'o1' : turn.seat === 's2' ? 'o2' : 'o3');
    const report = reportOf(driven(plan({ gate, optionKeys: ['o1', 'o2', 'o3'] }), tied));

    expect(report.gate).toMatchObject({ outcome: 'debate', leading: null, disagreement: 1 });
    expect(report.control).toMatchObject({ kind: 'no-decision', answer: null, reason: 'tie' });
    expect(report.changed).toBe(false);
  });

  test('calls a decision that the vote did not give a change', () => {
    const turning: Panel = (turn) =>
      vote(turn, turn.seat === 's1' && turn.round === 1 ? 'o2' : 'o1');
    const strict = plan({ gate: null, protocol: { kind: 'unanimity' } });

    expect(reportOf(driven(strict, turning))).toMatchObject({
      control: { kind: 'no-decision', reason: 'no-quorum' },
      changed: true,
    });
  });

  test('has no answers to count where nobody gave one blind', () => {
    const late: Panel = (turn) =>
      turn.round === 1
        ? { type: 'turn.abstained', ...turn, reason: 'empty', ...price }
        : vote(turn, 'o1');

    expect(reportOf(driven(plan({ gate: null }), late)).control).toEqual({
      kind: 'no-decision',
      answer: null,
      reason: 'no-answers',
      explanation: 'no seat gave a usable answer',
    });
  });

  test('counts vetoes of the blind vote, and only those', () => {
    const of = plan({ gate: null, protocol: { kind: 'quorum', required: 2, veto: true } });
    const vetoing: Panel = (turn) => ({
      ...vote(turn, turn.seat === 's3' ? 'o2' : 'o1'),
      ...(turn.round === 1 && turn.seat === 's3' ? { vetoes: ['o1'] } : {}),
    });
    const report = reportOf(driven(of, vetoing));

    expect(report.control).toMatchObject({ kind: 'no-decision', reason: 'veto' });
    expect(report.changed).toBe(true);
  });

  test('reads groups that the chair found into the blind vote', () => {
    const merges = { a1: 'a1', a2: 'a1' };
    const happenings: readonly Happening[] = [
      opened(plan({ gate: null, optionKeys: [], grouping: 'model' }), { options: [] }),
      roundOpened(1, 'proposal'),
      position(turnRef('proposal', 1, 's1'), single('a1'), said('Use Postgres')),
      position(turnRef('proposal', 1, 's2'), single('a2'), said('Take PostgreSQL')),
      position(turnRef('proposal', 1, 's3'), single('a3'), said('Use files')),
      roundClosed(1, 'proposal'),
      {
        fact: { type: 'answers.grouped', ...turnRef('grouping', 1, 'chair'), ...price, merges },
        content: said(''),
      },
      decided('a2'),
    ];
    const report = reportOf(happenings);

    expect(report.control).toMatchObject({ kind: 'decided', answer: 'Use Postgres' });
    expect(report.changed).toBe(false);
    expect(report.chair).toMatchObject({ calls: 1, usd: 0.0015 });
    expect(report.rounds).toHaveLength(1);
  });

  test('counts the blind vote as a plurality where a judge decides', () => {
    const judged: Panel = (turn) =>
      turn.task === 'judgement'
        ? { type: 'judgement.given', ...turn, choice: single('o2'), ...price }
        : vote(turn, 'o1');
    const report = reportOf(driven(plan({ gate: null, protocol: { kind: 'judge' } }), judged));

    expect(report.control).toMatchObject({ kind: 'decided', answer: 'Postgres' });
    expect(report.changed).toBe(true);
  });

  test('leaves out seats that joined later, and turns that were never paid', () => {
    const refused: Fact = {
      type: 'turn.refused',
      ...turnRef('revision', 2, 's1'),
      reason: 'budget',
    };
    const report = reportOf([
      opened(plan({ gate: null })),
      roundOpened(1, 'proposal'),
      position(turnRef('proposal', 1, 's1'), single('o1'), said('Postgres')),
      roundClosed(1, 'proposal'),
      roundOpened(2, 'revision'),
      { fact: refused },
      roundClosed(2, 'revision'),
      decided('o1'),
    ]);

    expect(report.rounds[1]).toMatchObject({ round: 2, calls: 0, usd: 0 });
    expect(report.control).toMatchObject({ answer: 'Postgres' });
  });

  test('is not there in a consensus, nor in runs that are older than gates', () => {
    const consensus = [opened(plan({ pattern: 'consensus' })), decided('o1')];

    expect(decisionOf(consensus)).not.toHaveProperty('debate');
    expect(decisionOf(sampleHappenings())).not.toHaveProperty('debate');
  });

  test('adds up to what the run cost', () => {
    const choices = fc.array(fc.constantFrom('o1', 'o2'), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(choices, fc.boolean(), (all, isGated) => {
        const panel: Panel = (turn) =>
          vote(turn, all[(turn.round - 1) * 3 + Number(turn.seat.slice(1)) - 1] ?? 'o1', 'x');
        const { cost, debate: report } = decisionOf(
          driven(plan({ gate: isGated ? gate : null }), panel),
        );
        const parts: readonly Cost[] = report ? [...report.rounds, report.chair] : [];
        const sum = (of: (part: Cost) => number | null): number =>
          parts.reduce((total, part) => total + (of(part) ?? 0), 0);

        expect(sum(({ calls }) => calls)).toBe(cost.calls);
        expect(sum(({ inputTokens }) => inputTokens)).toBe(cost.inputTokens);
        expect(sum(({ outputTokens }) => outputTokens)).toBe(cost.outputTokens);
        expect(sum(({ usd }) => usd)).toBeCloseTo(cost.usd ?? 0, 9);
      }),
    );
  });
});

describe('a record with a report', () => {
  const events = chained(driven(plan({ gate }), unanimous));
  const identity = {
    tenantId: 'local',
    collaborationId: sampleStream,
    sealedAt: events.at(-1)?.time ?? '',
    keyId: '0123456789abcdef',
    publicKey: 'AAAA',
  };
  const record = {
    ...buildRecord({ events, resolve: noLongTexts }, identity, sha256),
    signature: 'AAAA',
  };
  const faultsOf = (given: unknown): readonly string[] =>
    verifyRecord({ record: given, events }, cryptography)
      .filter(({ ok, check }) => !ok && check !== 'signature' && check !== 'key id')
      .map(({ check, message }) => `${check}: ${message}`);

  test('has its shape and is borne out by its events', () => {
    expect(sealedRecordSchema.safeParse(record).error).toBeUndefined();
    expect(faultsOf(record)).toEqual([]);
  });

  test('is refused where the report was made up or left out', () => {
    const { debate: report, ...bare } = record.decision;
    const margin = { ...report, gate: { ...report?.gate, margin: 0.5 } };

    expect(faultsOf({ ...record, decision: { ...bare, debate: margin } })).toEqual([
      'decision: decision.debate.gate.margin is 0.5, the events say 1',
    ]);
    expect(faultsOf({ ...record, decision: bare })[0]).toMatch(
      /^decision: decision.debate is nothing/,
    );
  });
});
