import { describe, expect, test } from '@jest/globals';

import { judgeDeath } from '../../../infra/stack/restart-policy.ts';
import type { Death } from '../../../infra/stack/restart-policy.ts';

const STEADY_MS = 10_000;

describe('judgeDeath', () => {
  test('starts a part again at once after its first death', () => {
    expect(judgeDeath(deathsAt(0))).toEqual({ kind: 'restart', delayMs: 0 });
  });

  test('waits twice as long after each further death', () => {
    const delays = [2, 3, 4].map((count) => judgeDeath(deathsAt(...upTo(count))));

    expect(delays).toEqual([
      { kind: 'restart', delayMs: 250 },
      { kind: 'restart', delayMs: 500 },
      { kind: 'restart', delayMs: 1_000 },
    ]);
  });

  test('never waits longer than five seconds', () => {
    const patience = { deathsMax: 50, windowMs: 60_000, steadyMs: STEADY_MS };

    const verdict = judgeDeath(deathsAt(...upTo(20)), patience);

    expect(verdict).toEqual({ kind: 'restart', delayMs: 5_000 });
  });

  test('gives up at the fifth death within a minute', () => {
    const verdict = judgeDeath(deathsAt(0, 10_000, 20_000, 40_000, 59_000));

    expect(verdict).toEqual({ kind: 'give-up', deaths: 5 });
  });

  test('forgets deaths of more than a minute ago', () => {
    const verdict = judgeDeath(deathsAt(0, 1, 2, 3, 60_004));

    expect(verdict).toEqual({ kind: 'restart', delayMs: 0 });
  });

  test('forgets the deaths before ten ready seconds', () => {
    const deaths = [...deathsAt(0, 1, 2, 3), { at: 15_000, readyForMs: STEADY_MS }];

    expect(judgeDeath(deaths)).toEqual({ kind: 'restart', delayMs: 0 });
  });
});

function deathsAt(...times: number[]): Death[] {
  return times.map((at) => ({ at, readyForMs: 0 }));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_unused, index) => index);
}
