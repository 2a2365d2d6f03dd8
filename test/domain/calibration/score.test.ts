import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { scoreOf, wilsonInterval, type Score } from '../../../domain/calibration/score.ts';
import type { TrialCount } from '../../../domain/calibration/track-record.ts';
import { anyCounts, trials } from './trials.ts';

function score(...counts: readonly TrialCount[]): Score {
  const found = scoreOf(counts);
  if (found === null) throw new Error('no trial has a confidence');
  return found;
}

describe('the Brier score', () => {
  test('is 0 for a model that knows, 1 for one that knows the opposite, a quarter for a coin', () => {
    expect(score(trials(1, 5, 0), trials(0, 0, 5)).brier).toBe(0);
    expect(score(trials(1, 0, 5), trials(0, 5, 0)).brier).toBe(1);
    expect(score(trials(0.5, 3, 7)).brier).toBeCloseTo(0.25, 12);
  });

  test('and its parts are those of an example worked by hand', () => {
    // 0.8 right in 3 of 4, 0.4 right in 1 of 4: base rate 1/2.
    const { brier, reliability, resolution, uncertainty } = score(
      trials(0.8, 3, 1),
      trials(0.4, 1, 3),
    );

    expect(brier).toBeCloseTo((3 * 0.04 + 0.64 + 0.36 + 3 * 0.16) / 8, 12);
    expect(reliability).toBeCloseTo((0.05 ** 2 + 0.15 ** 2) / 2, 12);
    expect(resolution).toBeCloseTo(1 / 16, 12);
    expect(uncertainty).toBeCloseTo(1 / 4, 12);
  });

  test('is the sum of its parts for any record', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const found = scoreOf(counts);
        if (found === null) return;
        const { brier, reliability, resolution, uncertainty } = found;
        expect(brier).toBeCloseTo(reliability - resolution + uncertainty, 10);
      }),
    );
  });
});

describe('reliability bins', () => {
  test('take each confidence once, their borders too, and leave none out', () => {
    const { bins } = score(trials(0, 1, 0), trials(0.3, 2, 0), trials(0.7, 0, 4), trials(1, 0, 8));

    expect(bins.map((bin) => bin.trials)).toEqual([1, 0, 0, 2, 0, 0, 0, 4, 0, 8]);
    expect(bins[3]).toMatchObject({ from: 0.3, to: 0.4, meanConfidence: 0.3, accuracy: 1 });
    expect(bins[1]).toMatchObject({ trials: 0, meanConfidence: null, accuracy: null });
  });

  test('give the expected calibration error by their distance from the diagonal', () => {
    expect(score(trials(0.95, 5, 5), trials(0.25, 5, 5)).expectedCalibrationError).toBeCloseTo(
      (0.45 + 0.25) / 2,
      12,
    );
    expect(score(trials(0.75, 3, 1)).expectedCalibrationError).toBeCloseTo(0, 12);
  });

  test('hold as many trials as there are, and an error within 0 to 1, for any record', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const found = scoreOf(counts);
        if (found === null) return;
        const { bins, expectedCalibrationError: error } = found;
        expect(bins.reduce((sum, bin) => sum + bin.trials, 0)).toBe(found.trials);
        expect(error).toBeGreaterThanOrEqual(0);
        expect(error).toBeLessThanOrEqual(1);
        for (const { accuracy, interval } of bins) {
          if (accuracy === null || interval === null) continue;
          expect(interval.low).toBeLessThanOrEqual(accuracy + 1e-12);
          expect(interval.high).toBeGreaterThanOrEqual(accuracy - 1e-12);
        }
      }),
    );
  });
});

test('answers without a confidence are not scored', () => {
  expect(score(trials(null, 9, 0), trials(0.5, 1, 0)).trials).toBe(1);
  expect(scoreOf([trials(null, 9, 0), trials(0.5, 0, 0)])).toBeNull();
  expect(scoreOf([])).toBeNull();
});

test('a confidence without any trial changes no score', () => {
  expect(score(trials(0.2, 0, 0), trials(0.5, 1, 1))).toEqual(score(trials(0.5, 1, 1)));
});

test("the interval is Wilson's", () => {
  // E. B. Wilson's formula for 8 of 10.
  expect(wilsonInterval(0.8, 10).low).toBeCloseTo(0.4902, 4);
  expect(wilsonInterval(0.8, 10).high).toBeCloseTo(0.9433, 4);
  expect(wilsonInterval(1, 1)).toEqual({ low: expect.closeTo(0.2065, 4), high: 1 });
});
