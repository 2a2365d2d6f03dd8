import { describe, expect, test } from '@jest/globals';

import type { Plan } from '../../../domain/collaboration/plan.ts';
import { confidenceOf } from '../../../domain/gate/seat-confidence.ts';
import { planWith } from '../../support/plans.ts';

const plan = planWith();
const thin = { accuracy: 0.6, trials: { kind: 0, all: 0 } };
const mapped: Plan = {
  ...plan,
  calibration: {
    version: 'none',
    shareCap: 0.4,
    seats: { s1: { slope: 0.5, intercept: 0, ...thin }, s2: { slope: 1, intercept: 0, ...thin } },
  },
};

describe('the confidence of a seat', () => {
  test.each([0, 0.4, 1])('is %d as it was stated where the plan holds no calibration', (stated) => {
    expect(confidenceOf(plan, 's1', stated)).toBe(stated);
  });

  test('is read through the map of its seat', () => {
    expect(confidenceOf(mapped, 's1', 0.9)).toBeCloseTo(0.75, 12);
    expect(confidenceOf(mapped, 's2', 0.9)).toBeCloseTo(0.9, 12);
  });

  test('is read as that of a model without a record where the seat joined later', () => {
    expect(confidenceOf(mapped, 's3', 0.9)).toBeCloseTo(0.75, 12);
  });

  test('is never certain once it is mapped', () => {
    expect(confidenceOf(mapped, 's2', 1)).toBeCloseTo(0.99, 12);
    expect(confidenceOf(mapped, 's2', 0)).toBeCloseTo(0.01, 12);
  });

  test('stays unknown where it was not stated', () => {
    expect(confidenceOf(plan, 's1', null)).toBeNull();
    expect(confidenceOf(mapped, 's1', null)).toBeNull();
  });
});
