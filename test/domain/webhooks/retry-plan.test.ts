import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { retryAfterMs, waitAfter } from '../../../domain/webhooks/retry-plan.ts';

const usual = { triesMax: 10, firstWaitMs: 10_000 };
const dayMs = 86_400_000;
const nowMs = Date.parse('2026-11-21T09:00:00.000Z');

describe('waits between tries', () => {
  test('treble from ten seconds on, and fill about a day', () => {
    const waits = Array.from({ length: 9 }, (_, index) => waitAfter(usual, index + 1, 0.5) / 1000);

    expect(waits).toEqual([10, 30, 90, 270, 810, 2430, 7290, 21_870, 65_610]);
    const hours = waits.reduce((sum, seconds) => sum + seconds, 0) / 3600;
    expect(hours).toBeCloseTo(27.3, 1);
  });

  test('are a fifth longer or shorter by chance, and never longer than a day', () => {
    expect([0, 0.5, 1].map((chance) => waitAfter(usual, 1, chance))).toEqual([
      8000, 10_000, 12_000,
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tries, chance) => {
          const waitMs = waitAfter(usual, tries, chance);
          expect(waitMs).toBeGreaterThanOrEqual(8000);
          expect(waitMs).toBeLessThanOrEqual(dayMs);
        },
      ),
    );
  });
});

describe('what a receiver asks for', () => {
  test.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['999999', dayMs],
    ['Sat, 21 Nov 2026 09:01:30 GMT', 90_000],
    ['Sat, 21 Nov 2026 08:00:00 GMT', 0],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026-11-21T09:01:30Z', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (header, expected) => {
    expect(retryAfterMs(header, nowMs)).toBe(expected);
  });
});
