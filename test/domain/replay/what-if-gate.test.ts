import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { unprovenMap } from '../../../domain/calibration/confidence-map.ts';
import type { PlanCalibration } from '../../../domain/collaboration/plan.ts';
import { closedGateFor, gateFor } from '../../../domain/gate/gate-defaults.ts';
import { decisionOf } from '../../../domain/ledger/decision-reading.ts';
import type { Panel } from '../../support/drive.ts';
import { planWith } from '../../support/plans.ts';
import { answered, asked, reasonsIn, saying } from './asking.ts';
import { positionWith, runOf } from './driven-run.ts';

const ungated = planWith({ gate: null, rounds: 3 });
const agreeing = saying({});
const asStated = 'The gate took confidences as they were stated: the plan holds no calibration.';

describe('a what-if with a gate', () => {
  test('ends a debate after its vote, and tells what that saves', () => {
    const run = runOf(ungated, agreeing);

    const { decision, difference, notes } = answered(asked(run, { gate: {} }));

    expect(decision).toMatchObject({
      stoppedBy: 'gate',
      rounds: 1,
      debate: { gate: { outcome: 'done' }, marginal: { calls: 0 } },
    });
    expect(difference).toMatchObject({ isSameOutcome: true, calls: -3, tokens: -450 });
    expect(notes).toEqual([asStated]);
  });

  test('leaves a debate as it was where it would have been held', () => {
    const run = runOf(ungated, saying({ s3: 'o2' }));

    const { decision, difference } = answered(asked(run, { gate: { marginMin: 0.5 } }));

    expect(decision.debate?.gate).toMatchObject({ outcome: 'debate', reasons: expect.anything() });
    expect(difference).toMatchObject({ isSameOutcome: true, calls: 0 });
  });

  test('reads confidences by the calibration of the plan', () => {
    const trials = { kind: 0, all: 0 };
    const unproven = { ...unprovenMap, accuracy: 0.6, trials };
    const seats = { s1: unproven, s2: unproven, s3: unproven };
    const calibration: PlanCalibration = { version: 'none', shareCap: 0.4, seats };
    const run = runOf({ ...ungated, gate: gateFor(0.5), calibration }, agreeing);

    const { decision, notes } = answered(asked(run, { gate: { confidenceMin: 0.6 } }));

    expect(run.recorded.run.state.gate).toMatchObject({ outcome: 'debate' });
    expect(decision.debate?.gate).toMatchObject({ outcome: 'done', confidence: 0.666667 });
    expect(notes).toEqual([]);
  });

  test('comes to what a run with that gate comes to', () => {
    const gates = fc.record({
      disagreementMax: fc.double({ min: 0, max: 1, noNaN: true }),
      marginMin: fc.double({ min: 0, max: 1, noNaN: true }),
      confidenceMin: fc.double({ min: 0, max: 1, noNaN: true }),
      askedWay: fc.constantFrom('done' as const, 'debate' as const),
    });
    const keys = fc.array(fc.constantFrom('o1', 'o2'), { minLength: 9, maxLength: 9 });
    const confidences = fc.constantFrom(0.2, 0.6, 0.9, null);

    fc.assert(
      fc.property(gates, keys, confidences, (thresholds, answers, confidence) => {
        const panel: Panel = (turn) => {
          const at = (turn.round - 1) * 3 + Number(turn.seat.slice(1)) - 1;
          return positionWith(turn, answers[at] ?? 'o1', { confidence });
        };
        const { confidenceAsk } = closedGateFor(0.5);
        const least = Math.min(confidenceAsk, thresholds.confidenceMin);
        const gate = { ...closedGateFor(0.5), ...thresholds, confidenceAsk: least };

        const { decision } = answered(asked(runOf(ungated, panel), { gate: thresholds }));

        expect(decision).toEqual(decisionOf(runOf({ ...ungated, gate }, panel).recorded.run));
      }),
      { numRuns: 50 },
    );
  });
});

describe('a what-if without a gate', () => {
  test('needs the debate that was never held, and makes none up', () => {
    const run = runOf({ ...ungated, gate: gateFor(0.5) }, agreeing);

    expect(run.recorded.run.state.verdict?.stoppedBy).toBe('gate');
    expect(reasonsIn(asked(run, { gate: 'off' }))).toEqual(
      ['s1', 's2', 's3'].map(
        (seat) =>
          `revision-2-${seat} (a${seat.slice(1)}): the revision of round 2 never took place`,
      ),
    );
  });

  test('is what was recorded where the debate was held', () => {
    const run = runOf({ ...ungated, gate: gateFor(0.5) }, saying({ s3: 'o2' }));

    const { decision, difference } = answered(asked(run, { gate: 'off' }));

    expect(decision.debate?.gate).toBeNull();
    expect(difference).toMatchObject({ isSameOutcome: true, calls: 0 });
  });
});
