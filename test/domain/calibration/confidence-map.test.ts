import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  calibrated,
  fitMap,
  logOddsOf,
  mapSpread,
  unprovenMap,
} from '../../../domain/calibration/confidence-map.ts';
import type { ConfidenceMap } from '../../../domain/calibration/confidence-map.ts';
import type { TrialCount } from '../../../domain/calibration/track-record.ts';
import { anyCounts, trials } from './trials.ts';

const tenths = [0.55, 0.65, 0.75, 0.85, 0.95];

/** What 2,000 trials at each of five confidences come to where a model is right as often as `truth` says. */
function recordOf(truth: ConfidenceMap): readonly TrialCount[] {
  return tenths.map((confidence) => {
    const right = Math.round(2_000 * calibrated(truth, confidence));
    return trials(confidence, right, 2_000 - right);
  });
}

/** How steep the posterior still is at a map; 0 at its top. */
function steepness(counts: readonly TrialCount[], map: ConfidenceMap): number {
  let slope = (unprovenMap.slope - map.slope) / mapSpread.slope ** 2;
  let intercept = (unprovenMap.intercept - map.intercept) / mapSpread.intercept ** 2;
  for (const { confidence, right, wrong } of counts) {
    if (confidence === null) continue;
    const miss = right - (right + wrong) * calibrated(map, confidence);
    slope += miss * logOddsOf(confidence);
    intercept += miss;
  }
  return Math.hypot(slope, intercept);
}

describe('a model without a record', () => {
  test('is taken to state twice the log-odds that it should', () => {
    const map = fitMap([], 'factual');

    expect(map).toEqual(unprovenMap);
    expect(calibrated(map, 0.5)).toBeCloseTo(0.5, 12);
    expect(calibrated(map, 0.9)).toBeCloseTo(0.75, 12);
    expect(calibrated(map, 0.1)).toBeCloseTo(0.25, 12);
  });

  test('is never certain, however sure it says it is', () => {
    expect(calibrated(unprovenMap, 1)).toBe(calibrated(unprovenMap, 0.99));
    expect(calibrated(unprovenMap, 0)).toBe(calibrated(unprovenMap, 0.01));
  });
});

describe('a long record', () => {
  test.each([
    ['honest', { slope: 1, intercept: 0 }],
    ['overconfident', { slope: 0.4, intercept: -0.2 }],
    ['underconfident', { slope: 1.6, intercept: 0.5 }],
  ])('of an %s model gives back how it is', (_name, truth) => {
    const map = fitMap(recordOf(truth), 'other');

    for (const confidence of tenths) {
      expect(calibrated(map, confidence)).toBeCloseTo(calibrated(truth, confidence), 2);
    }
  });

  test('of one that errs more the surer it is leaves its confidence without meaning', () => {
    const map = fitMap([trials(0.6, 90, 10), trials(0.95, 40, 60)], 'other');

    expect(map.slope).toBe(0);
    expect(calibrated(map, 0.6)).toBe(calibrated(map, 0.99));
    expect(calibrated(map, 0.6)).toBeCloseTo(0.65, 1);
  });
});

describe('a thin record', () => {
  test('moves the map a little, a longer one of the same kind more', () => {
    const readings = [0, 1, 3, 10, 100].map((wrong) =>
      calibrated(fitMap([trials(0.9, 0, wrong)], 'other'), 0.9),
    );

    expect(readings).toEqual([...readings].sort((one, other) => other - one));
    expect(Number(readings[1])).toBeGreaterThan(0.45);
    expect(Number(readings[4])).toBeLessThan(0.1);
  });

  test('about this kind starts from what the other kinds show', () => {
    const elsewhere = [trials(0.9, 10, 90, 'factual')];
    const unknown = calibrated(fitMap(elsewhere, 'security'), 0.9);
    const known = calibrated(
      fitMap([...elsewhere, trials(0.9, 95, 5, 'security')], 'security'),
      0.9,
    );

    expect(unknown).toBeLessThan(0.2);
    expect(known).toBeGreaterThan(0.8);
  });
});

describe('any record', () => {
  test('gives the top of the posterior', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const single = counts.map((count) => ({ ...count, kind: 'other' as const }));
        const map = fitMap(single, 'other');
        const asked = single.reduce((sum, { right, wrong }) => sum + right + wrong, 0);
        fc.pre(map.slope > 0);
        expect(steepness(single, map)).toBeLessThan(1e-4 * (1 + asked));
      }),
    );
  });

  test('gives probabilities that rise with the confidence', () => {
    fc.assert(
      fc.property(anyCounts, fc.double({ min: 0, max: 1, noNaN: true }), (counts, confidence) => {
        const map = fitMap(counts, 'design');
        const probability = calibrated(map, confidence);

        expect(probability).toBeGreaterThan(0);
        expect(probability).toBeLessThan(1);
        expect(calibrated(map, Math.min(1, confidence + 0.1))).toBeGreaterThanOrEqual(probability);
      }),
    );
  });

  test('gives the same map in any order and any division', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const divided = counts.flatMap(({ right, wrong, ...of }) => [
          { ...of, right, wrong: 0 },
          { ...of, right: 0, wrong },
        ]);

        expect(fitMap(divided.reverse(), 'factual')).toEqual(fitMap(counts, 'factual'));
      }),
    );
  });
});
