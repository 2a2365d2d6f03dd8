import { describe, expect, test } from '@jest/globals';

import { randomFrom } from '../../../domain/evaluation/random.ts';
import { calibration, mean, proportion } from '../../../domain/evaluation/statistics.ts';

describe('a proportion', () => {
  test('has the interval of the published formula', () => {
    const { value, low, high } = proportion(8, 10);

    expect(value).toBe(0.8);
    expect(low).toBeCloseTo(0.4902, 4);
    expect(high).toBeCloseTo(0.9433, 4);
  });

  test('of nothing or everything keeps within 0 and 1 and still has an interval', () => {
    expect(proportion(0, 10).low).toBe(0);
    expect(proportion(0, 10).high).toBeCloseTo(0.2775, 4);
    expect(proportion(10, 10).high).toBeCloseTo(1, 12);
  });
});

describe('a mean', () => {
  test('has the normal interval of its standard error', () => {
    const { value, low, high } = mean([1, 2, 3, 4]);

    expect(value).toBe(2.5);
    expect(high - value).toBeCloseTo(1.959963984540054 * Math.sqrt(5 / 3 / 4), 12);
    expect(value - low).toBeCloseTo(high - value, 12);
  });

  test('of one sample or none has no width', () => {
    expect(mean([3])).toEqual({ value: 3, low: 3, high: 3 });
    expect(mean([])).toEqual({ value: 0, low: 0, high: 0 });
  });
});

describe('calibration', () => {
  const forecasts = (confidence: number, right: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ confidence, isRight: index < right }));

  test('of no forecasts does not exist', () => {
    expect(calibration([], randomFrom(1))).toBeNull();
  });

  test('of certain and right forecasts is perfect', () => {
    expect(calibration(forecasts(1, 50, 50), randomFrom(1))).toEqual({
      brier: { value: 0, low: 0, high: 0 },
      expectedError: { value: 0, low: 0, high: 0 },
    });
  });

  test('is the gap of each tenth, weighted by its forecasts', () => {
    const mixed = [...forecasts(0.75, 30, 60), ...forecasts(0.35, 20, 40)];

    const found = calibration(mixed, randomFrom(1));

    expect(found?.expectedError.value).toBeCloseTo(0.6 * 0.25 + 0.4 * 0.15, 12);
    expect(found?.brier.value).toBeCloseTo(
      (30 * 0.25 ** 2 + 30 * 0.75 ** 2 + 20 * 0.65 ** 2 + 20 * 0.35 ** 2) / 100,
      12,
    );
  });

  test('has an interval around it that the same numbers give again', () => {
    const mixed = [...forecasts(0.75, 30, 60), ...forecasts(0.35, 20, 40)];

    const found = calibration(mixed, randomFrom(1));
    const { value = 0, low = 1, high = 0 } = found?.expectedError ?? {};

    expect(calibration(mixed, randomFrom(1))).toEqual(found);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  });
});
