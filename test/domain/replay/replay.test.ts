import { describe, expect, test } from '@jest/globals';

import type { SealedRecord } from '../../../domain/collaboration/decision.ts';
import { turnRef, type Fact } from '../../../domain/collaboration/fact.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { numberedFacts } from '../../../domain/replay/recorded-run.ts';
import { replay, replayFacts, type Replay } from '../../../domain/replay/replay.ts';
import { aCost, position } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { eventAt, noLongTexts, sha256 } from '../ledger/sample-run.ts';
import { ledgerOf, recordedAs, runOf, type DrivenRun } from './driven-run.ts';

/** Three seats agree after s3 came over; the chair writes it up. */
const run = runOf(planWith({ synthesis: true }), (turn) =>
  turn.task === 'synthesis'
    ? { type: 'synthesis.written', ...turn, ...aCost }
    : position(turn, turn.seat === 's3' && turn.round === 1 ? 'o2' : 'o1'),
);

function replayed(
  { events, record }: Pick<DrivenRun, 'events' | 'record'>,
  changes: Partial<SealedRecord> = {},
): Replay {
  const changed = { ...record, ...changes };
  return replay({ events, record: changed, resolve: noLongTexts }, sha256);
}

function numbered(facts: readonly Fact[]): { seq: number; fact: Fact }[] {
  return facts.map((fact, index) => ({ seq: index + 1, fact }));
}

/** The run with a fact replaced, left out (`null`) or followed by others. */
function changed(type: Fact['type'], ...others: readonly Fact[]): { seq: number; fact: Fact }[] {
  const at = run.facts.findIndex((fact) => fact.type === type);
  return numbered([...run.facts.slice(0, at), ...others, ...run.facts.slice(at + 1)]);
}

describe('a replay', () => {
  test('comes to the same record', () => {
    expect(replayed(run)).toEqual({ kind: 'equal', events: run.events.length, decided: 5 });
  });

  test('leaves out what came after the seal', () => {
    const { head } = run.record;
    const seal: LedgerEvent = {
      ...eventAt(run.events, head.seq),
      type: 'conclave.decision.sealed.v1',
      seq: head.seq + 1,
      data: {},
    };

    expect(replayed({ ...run, events: [...run.events, seal] }).kind).toBe('equal');
    expect(numberedFacts([...run.events, seal])).toHaveLength(run.events.length);
  });

  test('names a broken chain before anything else', () => {
    const events = run.events.filter(({ seq }) => seq !== 4);

    expect(replayed({ ...run, events })).toMatchObject({
      kind: 'different',
      difference: { seq: 4, path: 'chain', recorded: 'missing' },
    });
  });

  test('names the event that a changed place of the record is made of', () => {
    const { decision, positions, head } = run.record;
    const [first, ...others] = positions.map((one) => ({ ...one, answer: 'another' }));
    if (first === undefined) throw new Error('no positions');
    const end = run.events.length;
    const found = [
      { decision: { ...decision, answer: 'another' } },
      { positions: [first, ...positions.slice(1)] },
      { positions: [...positions, ...others] },
      { head: { ...head, hash: 'f'.repeat(64) } },
      { sealedAt: '2026-11-21T10:00:00.000Z' },
      { options: ['another'] },
      { collaborationId: 'another' },
    ].map((changes) => replayed(run, changes as Partial<SealedRecord>));

    expect(
      found.map((result) =>
        result.kind === 'equal' ? 'equal' : [result.difference.seq, result.difference.path],
      ),
    ).toEqual([
      [end, 'record.decision.answer'],
      [3, 'record.positions[0].answer'],
      [expect.any(Number), expect.stringContaining('record.positions[6]')],
      [end, 'record.head.hash'],
      [end, 'record.sealedAt'],
      [1, 'record.options[0]'],
      [1, 'record.collaborationId'],
    ]);
  });

  test('says in a sentence what differs', () => {
    const decision = { ...run.record.decision, answer: 'another' };

    const result = replayed(run, { decision });

    const seq = String(run.events.length);
    expect(result).toMatchObject({
      difference: {
        recorded: 'another',
        replayed: 'words of o1',
        message: `event ${seq}, record.decision.answer: recorded is "another", the replay comes to "words of o1"`,
      },
    });
  });

  test('names a decision that the machine would not have taken', () => {
    const events = ledgerOf(
      run.facts.map((fact) => (fact.type === 'round.opened' ? { ...fact, seats: ['s1'] } : fact)),
    );

    expect(replayed({ ...run, events })).toMatchObject({
      kind: 'different',
      difference: { seq: 2, path: 'seats[1]', recorded: null, replayed: 's2' },
    });
  });
});

describe('facts', () => {
  const [closed] = run.facts.filter((fact) => fact.type === 'round.closed');
  if (closed === undefined) throw new Error('no pass was closed');

  test.each<[string, { seq: number; fact: Fact }[], object]>([
    ['nothing at all', [], { seq: 1, path: 'type', recorded: null }],
    [
      'no opening',
      numbered(run.facts.slice(1)),
      { seq: 1, path: 'type', recorded: 'round.opened' },
    ],
    [
      'another type',
      changed('round.opened', closed),
      { seq: 2, path: 'type', recorded: 'round.closed' },
    ],
    [
      'another field',
      changed('round.closed', { ...closed, reason: 'deadline' }),
      { seq: 6, path: 'reason', recorded: 'deadline', replayed: 'complete' },
    ],
    [
      'a decision too early',
      numbered([...run.facts.slice(0, 4), closed]),
      { seq: 5, path: 'type', recorded: 'round.closed', replayed: null },
    ],
    [
      'a lost decision',
      numbered(run.facts.slice(0, -1)),
      { path: 'type', replayed: 'decision.reached' },
    ],
    ['lost answers', numbered(run.facts.slice(0, 4)), { seq: 5, path: 'type', replayed: 'ask' }],
    [
      'a seat that was not asked',
      numbered([...run.facts.slice(0, 2), position(turnRef('proposal', 1, 's9'), 'o1')]),
      { seq: 3, path: 'turn', recorded: 'proposal-1-s9', replayed: null },
    ],
    [
      'a turn of another pass',
      numbered([...run.facts.slice(0, 2), position(turnRef('revision', 2, 's1'), 'o1')]),
      { seq: 3, path: 'turn' },
    ],
    [
      'a turn of another round',
      numbered([...run.facts.slice(0, 2), position(turnRef('proposal', 2, 's1'), 'o1')]),
      { seq: 3, path: 'turn' },
    ],
    [
      'a turn that ends twice',
      numbered([...run.facts.slice(0, 3), ...run.facts.slice(2, 3)]),
      { seq: 4, path: 'turn' },
    ],
    [
      'a turn when no pass is open',
      numbered([...run.facts.slice(0, 1), position(turnRef('proposal', 1, 's1'), 'o1')]),
      { seq: 2, path: 'turn' },
    ],
    [
      'a task that the chair does not have',
      numbered([
        ...run.facts.slice(0, 2),
        {
          type: 'judgement.given',
          ...turnRef('judgement', 1, 'chair'),
          choice: { kind: 'single', option: 'o1' },
          ...aCost,
        },
      ]),
      { seq: 3, path: 'turn', recorded: 'judgement-1-chair' },
    ],
  ])('with %s are named', (_, facts, difference) => {
    expect(replayFacts(facts)).toMatchObject({ kind: 'different', difference });
  });

  test('may end late where nobody waits for them any more', () => {
    const late: readonly Fact[] = [
      { type: 'turn.cancelled', ...turnRef('proposal', 1, 's1'), ...aCost },
      {
        type: 'turn.abstained',
        ...turnRef('proposal', 1, 's2'),
        reason: 'provider-failed',
        ...aCost,
      },
      { type: 'turn.refused', ...turnRef('proposal', 7, 's3'), reason: 'budget' },
    ];

    expect(replayFacts(numbered([...run.facts, ...late])).kind).toBe('replayed');
  });
});

describe('the cost of a cancelled call', () => {
  const plan = planWith({
    rounds: 1,
    endsEarly: true,
    synthesis: true,
    budget: { tokens: 1_000, microsUsd: null },
  });
  const late: Fact = {
    type: 'turn.cancelled',
    ...turnRef('proposal', 1, 's3'),
    usage: { inputTokens: 400, cachedTokens: 0, outputTokens: 0 },
    microsUsd: 30,
  };
  const driven = runOf(plan, (turn) =>
    turn.task === 'synthesis'
      ? { type: 'synthesis.written', ...turn, ...aCost }
      : position(turn, 'o1'),
  ).facts;
  const closing = driven.findIndex(({ type }) => type === 'round.closed') + 1;
  const heardLater = [...driven.slice(0, closing), late, ...driven.slice(closing)];

  test('may have been settled before the machine heard of it', () => {
    const { events, record } = recordedAs(heardLater);

    expect(replayed({ events, record }).kind).toBe('equal');
  });

  test('hides no decision that fits neither with it nor without', () => {
    const wrong = heardLater.map((fact) =>
      fact.type === 'decision.reached'
        ? { ...fact, verdict: { ...fact.verdict, rounds: 9 } }
        : fact,
    );

    expect(replayFacts(numberedFacts(ledgerOf(wrong)))).toMatchObject({ kind: 'different' });
  });

  test('counts from where the machine heard of it', () => {
    const threshold: Fact = { type: 'threshold.reached', percent: 80 };
    const at = heardLater.length - 1;
    const heard = [...heardLater.slice(0, at), threshold, ...heardLater.slice(at)];

    expect(replayFacts(numbered(heard)).kind).toBe('replayed');
  });
});
