import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { turnRef, type Fact, type TurnFact } from '../../../domain/collaboration/fact.ts';
import type { Plan } from '../../../domain/collaboration/plan.ts';
import type { RunState } from '../../../domain/collaboration/run-state.ts';
import { gateFor } from '../../../domain/gate/gate-defaults.ts';
import { gateReadingOf } from '../../../domain/gate/gate-reading.ts';
import {
  gateReasons,
  type Gate,
  type GateDecision,
  type GateReading,
} from '../../../domain/gate/gate-terms.ts';
import { decisionOn, gateAfterVote } from '../../../domain/gate/gate.ts';
import { foldRun, openingFacts } from '../../../domain/machines.ts';
import type { Choice } from '../../../domain/protocols/protocol.ts';
import { aCost } from '../../support/drive.ts';
import { planWith, seats } from '../../support/plans.ts';

const gate = gateFor(0.5);
const closed: Fact = { type: 'round.closed', round: 1, phase: 'proposal', reason: 'complete' };

interface Said {
  readonly choice: string | Choice | null;
  readonly confidence?: number | null;
}

/** What a seat says in the blind vote; `null` fails. */
function turnOf(seat: string, { choice, confidence = 0.8 }: Said): TurnFact {
  const turn = turnRef('proposal', 1, seat);
  if (choice === null) return { type: 'turn.abstained', ...turn, reason: 'empty', ...aCost };
  return {
    type: 'position.submitted',
    ...turn,
    choice: typeof choice === 'string' ? { kind: 'single', option: choice } : choice,
    confidence,
    citing: null,
    ...aCost,
  };
}

/** A run whose blind vote is over; seats are `s1`, `s2`, … in the order of what they say. */
function after(said: readonly Said[], more: Partial<Plan> = {}, facts: readonly Fact[] = []) {
  const plan = planWith({ seats: seats(said.length), gate, ...more });
  const turns = said.map((one, index) => turnOf(`s${String(index + 1)}`, one));
  return foldRun([...openingFacts(plan), ...turns, ...facts, closed]);
}

function votes(...choices: readonly (string | null)[]): readonly Said[] {
  return choices.map((choice) => ({ choice }));
}

function readingOf(state: RunState): GateReading {
  return gateReadingOf(state);
}

describe('what a gate reads', () => {
  test('is full agreement where all are for one option', () => {
    expect(readingOf(after(votes('o1', 'o1', 'o1')))).toEqual({
      leading: 'o1',
      isDecided: true,
      disagreement: 0,
      margin: 1,
      confidence: 0.8,
      stated: 1,
      voted: 3,
      seats: 3,
      joined: 0,
    });
  });

  test('is a lead over the next answer among all seats, those that failed included', () => {
    const reading = readingOf(after(votes('o1', 'o1', 'o1', 'o2', null)));

    expect(reading).toMatchObject({ leading: 'o1', margin: 0.4, voted: 4, seats: 5 });
  });

  test('counts a declared abstention as no vote', () => {
    const choice: Choice = { kind: 'abstain', reason: 'not my field' };

    expect(readingOf(after([...votes('o1', 'o1'), { choice }]))).toMatchObject({
      voted: 2,
      disagreement: 0,
      margin: 0.666667,
    });
  });

  test('has nothing that leads in a tie, and nothing known where nobody voted', () => {
    expect(readingOf(after(votes('o1', 'o2')))).toMatchObject({
      leading: null,
      isDecided: false,
      disagreement: 1,
      margin: 0,
      confidence: null,
      stated: 0,
    });
    expect(readingOf(after(votes(null, null)))).toMatchObject({
      leading: null,
      disagreement: null,
      margin: 0,
      voted: 0,
    });
  });

  test('has a leading answer also where the protocol asks for more', () => {
    const reading = readingOf(after(votes('o1', 'o1', 'o2'), { protocol: { kind: 'unanimity' } }));

    expect(reading).toMatchObject({ leading: 'o1', isDecided: false, margin: 0.333333 });
  });

  test('weighs by weight where weights count, and by heads elsewhere', () => {
    const heavy = seats(3).map((seat, index) => ({ ...seat, weight: index === 0 ? 2 : 1 }));
    const said = [{ choice: 'o1', confidence: 0.9 }, ...votes('o1', 'o2')];
    const weighted = { seats: heavy, protocol: { kind: 'weighted' } } as const;

    expect(readingOf(after(said, weighted))).toMatchObject({ margin: 0.5, confidence: 0.866667 });
    expect(readingOf(after(said, { seats: heavy }))).toMatchObject({
      margin: 0.333333,
      confidence: 0.85,
    });
  });

  test('reads rankings by what they put first and approvals by all they name', () => {
    const ranked = readingOf(
      after(
        [
          { choice: { kind: 'rank', options: ['o1', 'o2'] }, confidence: 0.9 },
          { choice: { kind: 'rank', options: ['o1', 'o2'] }, confidence: 0.7 },
          { choice: { kind: 'rank', options: ['o2', 'o1'] }, confidence: 0.1 },
        ],
        { protocol: { kind: 'ranked', method: 'schulze' } },
      ),
    );
    const approved = readingOf(
      after(
        [
          { choice: { kind: 'approve', options: ['o1', 'o2'] }, confidence: 0.9 },
          { choice: { kind: 'approve', options: ['o1'] }, confidence: 0.7 },
        ],
        { protocol: { kind: 'approval' } },
      ),
    );

    expect(ranked).toMatchObject({ leading: 'o1', margin: 0.333333, confidence: 0.8 });
    expect(approved).toMatchObject({ leading: 'o1', margin: 0.5, confidence: 0.8 });
  });

  test('takes as many kinds of open answers as seats that voted', () => {
    const open = { optionKeys: [] };

    expect(readingOf(after(votes('a1', 'a1', 'a1', 'a1', 'a2'), open)).disagreement).toBe(0.310918);
    expect(readingOf(after(votes('a1', 'a2', 'a3'), open)).disagreement).toBe(1);
  });

  test('counts answers against the leading one together while the chair may find them equal', () => {
    const said = votes('a1', 'a1', 'a1', 'a2', 'a3');

    expect(readingOf(after(said, { optionKeys: [] })).margin).toBe(0.4);
    expect(readingOf(after(said, { optionKeys: [], grouping: 'model' })).margin).toBe(0.2);
    const options = { optionKeys: ['a1', 'a2', 'a3'], grouping: 'model' } as const;
    expect(readingOf(after(said, options)).margin).toBe(0.4);
  });

  test('leaves confidences that nobody stated out of the mean, and the other side too', () => {
    const reading = readingOf(
      after([
        { choice: 'o1', confidence: 0.9 },
        { choice: 'o1', confidence: null },
        { choice: 'o2', confidence: 0.1 },
      ]),
    );

    expect(reading).toMatchObject({ confidence: 0.9, stated: 0.5 });
    expect(readingOf(after([{ choice: 'o1', confidence: null }]))).toMatchObject({
      confidence: null,
      stated: 0,
    });
  });

  test('counts seats that joined after the vote began', () => {
    const [seat] = seats(9).slice(-1);
    const joined = { type: 'participant.added', by: '/users/ann', seat } as Fact;

    expect(readingOf(after(votes('o1', 'o1'), {}, [joined]))).toMatchObject({
      joined: 1,
      seats: 3,
      margin: 0.666667,
    });
  });
});

const agreed: GateReading = {
  leading: 'o1',
  isDecided: true,
  disagreement: 0,
  margin: 1,
  confidence: 0.9,
  stated: 1,
  voted: 3,
  seats: 3,
  joined: 0,
};

function decided(more: Partial<GateReading>, on: Partial<Gate> = {}): Omit<GateDecision, 'round'> {
  return decisionOn({ ...agreed, ...more }, { ...gate, ...on });
}

describe('what a gate decides', () => {
  test('is that the vote is enough where every threshold holds, also just so', () => {
    const { disagreementMax: disagreement, marginMin: margin, confidenceMin, statedMin } = gate;
    const just = { disagreement, margin, confidence: confidenceMin, stated: statedMin };

    expect(decided({})).toMatchObject({ outcome: 'done', way: 'done', reasons: [] });
    expect(decided(just)).toMatchObject({ outcome: 'done', reasons: [] });
  });

  test.each([
    ['there is no decision', { isDecided: false }, 'undecided'],
    ['a seat was not heard', { joined: 1 }, 'unheard-seat'],
    ['the votes are spread', { disagreement: 0.26 }, 'disagreement'],
    ['nobody voted', { disagreement: null }, 'disagreement'],
    ['the lead is small', { margin: 0.7 }, 'margin'],
    ['the leading side is not quite sure', { confidence: 0.7 }, 'confidence'],
  ])('is a debate where %s', (_case, more, reason) => {
    expect(decided(more)).toMatchObject({ outcome: 'debate', way: 'debate', reasons: [reason] });
  });

  test.each([
    ['is unknown', { confidence: null, stated: 0 }, 'confidence-unknown'],
    ['is known of too few', { stated: 0.4 }, 'confidence-unknown'],
    ['is below all doubt', { confidence: 0.49 }, 'confidence'],
  ])('is a question for a person where votes agree and confidence %s', (_case, more, reason) => {
    expect(decided(more)).toMatchObject({ outcome: 'ask', way: 'debate', reasons: [reason] });
    expect(decided(more, { askedWay: 'done' })).toMatchObject({ outcome: 'ask', way: 'done' });
    expect(decided({ ...more, margin: 0 })).toMatchObject({ outcome: 'debate' });
  });

  test('is done only if all thresholds hold, and names each that does not', () => {
    const unit = fc.integer({ min: 0, max: 20 }).map((step) => step / 20);
    const readings = fc.record({
      leading: fc.constant('o1'),
      isDecided: fc.boolean(),
      disagreement: fc.option(unit),
      margin: unit,
      confidence: fc.option(unit),
      stated: unit,
      voted: fc.constant(3),
      seats: fc.constant(3),
      joined: fc.nat(1),
    });
    const gates = fc.record({
      disagreementMax: unit,
      marginMin: unit,
      confidenceMin: unit,
      confidenceAsk: unit,
      statedMin: unit,
      askedWay: fc.constantFrom('done' as const, 'debate' as const),
    });
    fc.assert(
      fc.property(readings, gates, (reading, on) => {
        const { outcome, way, reasons } = decisionOn(reading, on);
        const { disagreement, margin, confidence, stated } = reading;
        const holds =
          reading.isDecided &&
          reading.joined === 0 &&
          disagreement !== null &&
          disagreement <= on.disagreementMax &&
          margin >= on.marginMin &&
          confidence !== null &&
          stated >= on.statedMin &&
          confidence >= on.confidenceMin;

        expect(outcome === 'done').toBe(holds);
        expect(reasons.length === 0).toBe(holds);
        expect(reasons).toEqual(gateReasons.filter((reason) => reasons.includes(reason)));
        expect(way).toBe(outcome === 'ask' ? on.askedWay : outcome);
      }),
    );
  });
});

describe('a gate', () => {
  test('decides once, after the blind vote, and only where the plan has one', () => {
    const state = after(votes('o1', 'o1', 'o1'));
    const { plan } = state;
    const older = Object.fromEntries(Object.entries(plan).filter(([name]) => name !== 'gate'));
    const decision = gateAfterVote(state);

    expect(decision).toMatchObject({ type: 'gate.decided', round: 1, outcome: 'done' });
    expect(gateAfterVote({ ...state, plan: { ...plan, gate: null } })).toBeNull();
    expect(gateAfterVote({ ...state, plan: older as unknown as Plan })).toBeNull();
    expect(gateAfterVote(foldRun(openingFacts(plan)))).toBeNull();
    expect(decision && gateAfterVote({ ...state, gate: decision })).toBeNull();
    expect(gateAfterVote({ ...state, passes: [...state.passes, ...state.passes] })).toBeNull();
  });

  test('decides alike in whatever order the answers came', () => {
    const said = fc.record({
      choice: fc.constantFrom('o1', 'o2', 'o3', null),
      confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      weight: fc.constantFrom(0.1, 0.7, 1, 3),
    });
    fc.assert(
      fc.property(
        fc.array(said, { minLength: 2, maxLength: 7 }),
        fc.infiniteStream(fc.nat()),
        (panel, lots) => {
          const plan = planWith({
            seats: seats(panel.length).map((seat, index) => ({
              ...seat,
              weight: panel[index]?.weight ?? 1,
            })),
            optionKeys: ['o1', 'o2', 'o3'],
            protocol: { kind: 'weighted' },
            gate,
          });
          const turns = panel.map((one, index) => turnOf(`s${String(index + 1)}`, one));
          const shuffled = turns
            .map((turn) => ({ turn, lot: Number(lots.next().value) }))
            .sort((one, other) => one.lot - other.lot)
            .map(({ turn }) => turn);
          const decide = (order: readonly Fact[]) =>
            gateAfterVote(foldRun([...openingFacts(plan), ...order, closed]));

          expect(decide(shuffled)).toEqual(decide(turns));
        },
      ),
    );
  });
});

describe('the thresholds of a thoroughness', () => {
  test.each([
    [0, { disagreementMax: 0.5, marginMin: 0.5, confidenceMin: 0.6 }],
    [0.35, { disagreementMax: 0.325, marginMin: 0.675, confidenceMin: 0.705 }],
    [1, { disagreementMax: 0, marginMin: 1, confidenceMin: 0.9 }],
  ])('of %d are as documented', (thoroughness, thresholds) => {
    expect(gateFor(thoroughness)).toEqual({
      ...thresholds,
      confidenceAsk: 0.5,
      statedMin: 0.5,
      askedWay: 'debate',
    });
  });

  test('never make it easier to do without a debate for more thoroughness', () => {
    const dial = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(dial, dial, (one, other) => {
        const less = gateFor(Math.min(one, other));
        const more = gateFor(Math.max(one, other));

        expect(more.disagreementMax).toBeLessThanOrEqual(less.disagreementMax);
        expect(more.marginMin).toBeGreaterThanOrEqual(less.marginMin);
        expect(more.confidenceMin).toBeGreaterThanOrEqual(less.confidenceMin);
        expect(more.confidenceAsk).toBeLessThanOrEqual(more.confidenceMin);
      }),
    );
  });
});
