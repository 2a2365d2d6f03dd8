import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  accuracyOf,
  sameModelCorrelation,
  sameModelDiscount,
  shareCap,
  unprovenAccuracy,
  weightsByRecord,
} from '../../../domain/calibration/seat-weights.ts';
import type { WeighableSeat } from '../../../domain/calibration/seat-weights.ts';
import { anyCounts, trials } from './trials.ts';

function weights(seats: readonly WeighableSeat[], toleratedFaults?: number): number[] {
  return weightsByRecord(seats, { toleratedFaults }).map(({ weight }) => weight);
}

/** Seats of models of their own. */
function independent(...accuracies: readonly number[]): readonly WeighableSeat[] {
  return accuracies.map((accuracy, index) => ({ modelKey: `m${index}`, accuracy }));
}

const anySeats = fc.array(
  fc.record({
    modelKey: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    accuracy: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('accuracy', () => {
  test('without a record is a little better than a coin', () => {
    expect(accuracyOf([], 'design')).toBe(unprovenAccuracy);
  });

  test('moves half of the way with ten trials, and nearly all of it with a thousand', () => {
    expect(accuracyOf([trials(null, 10, 0)], 'other')).toBeCloseTo(0.8, 12);
    expect(accuracyOf([trials(0.9, 1_000, 0)], 'other')).toBeCloseTo(0.996, 3);
  });

  test('about one kind starts from all other kinds', () => {
    const counts = [trials(0.9, 100, 0, 'factual')];

    expect(accuracyOf(counts, 'security')).toBeCloseTo(accuracyOf(counts, 'factual'), 12);
    expect(accuracyOf([...counts, trials(0.9, 0, 10, 'security')], 'security')).toBeLessThan(0.5);
  });

  test('stays between 0 and 1 for any record', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const accuracy = accuracyOf(counts, 'planning');
        expect(accuracy).toBeGreaterThan(0);
        expect(accuracy).toBeLessThan(1);
      }),
    );
  });
});

describe('weights by record', () => {
  test('are equal where nothing is known', () => {
    expect(weights(independent(0.6, 0.6, 0.6))).toEqual([1, 1, 1]);
  });

  test('are in proportion to the log-odds of being right', () => {
    const [better = 0, worse = 0] = weights(independent(0.8, 0.7, 0.8, 0.7, 0.8, 0.7));

    expect(better / worse).toBeCloseTo(Math.log(4) / Math.log(7 / 3), 5);
  });

  test('never turn a vote against what it says', () => {
    const [low = 0, lower = 0] = weights(independent(0.4, 0.01, 0.9, 0.9, 0.9));

    expect(low).toBeGreaterThan(0);
    expect(lower).toBe(low);
  });

  test('give no seat more than the stated share, whatever the records say', () => {
    fc.assert(
      fc.property(anySeats, fc.integer({ min: 0, max: 3 }), (seats, faults) => {
        const found = weights(seats, faults);
        const total = found.reduce((sum, weight) => sum + weight, 0);

        expect(total).toBeCloseTo(seats.length, 4);
        for (const weight of found) {
          expect(weight).toBeGreaterThan(0);
          expect(weight / total).toBeLessThanOrEqual(shareCap(seats.length, faults) + 1e-5);
        }
      }),
    );
  });

  test('let no seat of three or more decide against all others', () => {
    fc.assert(
      fc.property(
        anySeats.filter(({ length }) => length > 2),
        (seats) => {
          const heaviest = Math.max(...weights(seats));
          expect(heaviest).toBeLessThan(seats.length - heaviest);
        },
      ),
    );
  });

  test('give as many seats as may lie less than a third together', () => {
    fc.assert(
      fc.property(anySeats, fc.integer({ min: 1, max: 3 }), (seats, faults) => {
        fc.pre(seats.length > 3 * faults);
        const found = weights(seats, faults).sort((one, other) => other - one);
        const liars = found.slice(0, faults).reduce((sum, weight) => sum + weight, 0);
        expect(liars).toBeLessThan(seats.length / 3);
      }),
    );
  });

  test('never fall when a model gets better', () => {
    fc.assert(
      fc.property(anySeats, fc.double({ min: 0, max: 1, noNaN: true }), (seats, step) => {
        const better = seats.map((seat, index) =>
          index === 0
            ? { ...seat, accuracy: seat.accuracy + (0.999 - seat.accuracy) * step }
            : seat,
        );
        const [before = 0] = weights(seats);
        const [after = 0] = weights(better);
        expect(after).toBeGreaterThanOrEqual(before - 2e-6);
      }),
    );
  });
});

describe('seats of one model', () => {
  test('count together for less than as many models, by the design effect', () => {
    expect(sameModelDiscount(1)).toBe(1);
    expect(sameModelDiscount(3)).toBeCloseTo(1 / (1 + 2 * sameModelCorrelation), 12);

    const alike = { modelKey: 'm', accuracy: 0.7 };
    const others = independent(0.7, 0.7, 0.7);
    const [first = 0, second = 0, third = 0] = weights([alike, alike, ...others]);

    expect(first).toBe(second);
    expect(first / third).toBeCloseTo(1 / 1.5, 5);
  });

  test('gain from one more of them, and never as much as from another model', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (seats) => {
        const [before, after] = [seats, seats + 1].map((count) => count * sameModelDiscount(count));
        expect(after).toBeGreaterThan(Number(before));
        expect(Number(after) - Number(before)).toBeLessThan(1);
        expect(after).toBeLessThan(1 / sameModelCorrelation);
      }),
    );
  });
});
