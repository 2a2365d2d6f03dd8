import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  partsMaxFor,
  routeOf,
  sketchedPart,
  thoroughnessOf,
} from '../../../domain/analysis/routing.ts';
import { questionKinds } from '../../../domain/calibration/question-kind.ts';
import { analysisPlan } from '../../support/analyses.ts';

describe('routeOf', () => {
  test.each([
    ['factual', 0.5, 'consensus', 'plurality', []],
    ['design', 0.5, 'debate', 'judge', ['architect', 'pragmatist', 'critic']],
    ['security', 0.5, 'debate', 'judge', ['security', 'critic']],
    ['planning', 0.5, 'debate', 'judge', ['pragmatist', 'architect', 'critic']],
    ['other', 0.4, 'debate', 'judge', []],
    ['other', 0.39, 'consensus', 'plurality', []],
  ] as const)('sends %s at %d to a %s by %s', (kind, thoroughness, pattern, protocol, personas) => {
    expect(routeOf(kind, thoroughness)).toMatchObject({
      pattern,
      protocol: { kind: protocol },
      personas,
    });
  });

  test('makes no part more thorough than the whole', () => {
    const dials = fc
      .double({ min: 0, max: 1, noNaN: true })
      .map((dial) => Math.round(dial * 100) / 100);

    fc.assert(
      fc.property(fc.constantFrom(...questionKinds), dials, (kind, dial) => {
        const own = thoroughnessOf(routeOf(kind, dial), dial);
        expect(own).toBeGreaterThanOrEqual(0);
        expect(own).toBeLessThanOrEqual(dial);
      }),
    );
  });

  test('gives the thoroughness of a part three digits', () => {
    expect(thoroughnessOf(routeOf('planning', 0.77), 0.77)).toBe(0.616);
  });
});

describe('partsMaxFor', () => {
  test.each([
    [0, 2],
    [0.29, 2],
    [0.3, 4],
    [0.6, 4],
    [0.61, 8],
    [1, 8],
  ])('cuts at %d into %d at most', (thoroughness, most) => {
    expect(partsMaxFor(thoroughness)).toBe(most);
  });
});

describe('sketchedPart', () => {
  test('is the plan of a debate with its own question', () => {
    const plan = analysisPlan({ thoroughness: 0.7, promptTokens: 500 });

    expect(sketchedPart(plan, 'design')).toMatchObject({
      pattern: 'debate',
      protocol: { kind: 'judge' },
      grouping: 'normalised',
      synthesis: true,
      rounds: 3,
      promptTokens: 1200,
    });
    expect(sketchedPart(plan, 'design')).not.toHaveProperty('cutting');
  });

  test('is the plan of one vote for a matter of fact', () => {
    expect(sketchedPart(analysisPlan({ thoroughness: 1 }), 'factual')).toMatchObject({
      pattern: 'consensus',
      grouping: 'model',
      synthesis: false,
      rounds: 1,
    });
  });
});
