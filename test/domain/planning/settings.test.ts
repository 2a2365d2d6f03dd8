import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { bandOf, settingsFor, thoroughnessDefault } from '../../../domain/planning/settings.ts';

const dial = fc.double({ min: 0, max: 1, noNaN: true });

describe('settingsFor', () => {
  test.each([
    [0, { agents: 3, rounds: 1, depth: 'combined', maxOutputTokens: 512 }],
    [0.3, { agents: 3, rounds: 1, depth: 'combined', maxOutputTokens: 973 }],
    [thoroughnessDefault, { agents: 5, rounds: 2, depth: 'combined', maxOutputTokens: 1_280 }],
    [0.6, { agents: 5, rounds: 2, depth: 'combined', maxOutputTokens: 1_434 }],
    [0.79, { agents: 9, rounds: 3, depth: 'combined', maxOutputTokens: 1_725 }],
    [1, { agents: 9, rounds: 3, depth: 'split', maxOutputTokens: 2_048 }],
  ])('gives for %d: %j', (thoroughness, settings) => {
    expect(settingsFor(thoroughness)).toEqual(settings);
  });

  test('never gives less of anything for more thoroughness', () => {
    fc.assert(
      fc.property(dial, dial, (one, other) => {
        const less = settingsFor(Math.min(one, other));
        const more = settingsFor(Math.max(one, other));

        expect(more.agents).toBeGreaterThanOrEqual(less.agents);
        expect(more.rounds).toBeGreaterThanOrEqual(less.rounds);
        expect(more.maxOutputTokens).toBeGreaterThanOrEqual(less.maxOutputTokens);
        expect(less.depth === 'split' && more.depth === 'combined').toBe(false);
      }),
    );
  });

  test('lengthens replies without jumps', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (thoroughness) => {
        const step =
          settingsFor(thoroughness + 0.001).maxOutputTokens -
          settingsFor(thoroughness).maxOutputTokens;

        expect(step).toBeLessThanOrEqual(3);
      }),
    );
  });
});

test('bands are named as in the glossary', () => {
  expect([0, 0.3, 0.31, 0.6, 0.61, 1].map(bandOf)).toEqual([
    'quick',
    'quick',
    'balanced',
    'balanced',
    'thorough',
    'thorough',
  ]);
});
