import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { normalisedEntropy } from '../../../domain/gate/disagreement.ts';

const supports = fc.array(fc.nat(20), { minLength: 1, maxLength: 8 });

describe('the normalised entropy of votes', () => {
  test.each([
    ['nobody votes', [], 3, null],
    ['nobody has support', [0, 0], 3, null],
    ['there is one voter', [1], 1, 0],
    ['all are for one answer', [5], 5, 0],
    ['four of five agree and answers are open', [4, 1], 5, 0.310918],
    ['three of five agree and there are two options', [3, 2], 2, 0.970951],
    ['two options have the same', [2, 2], 2, 1],
    ['everybody is for another answer', [1, 1, 1, 1], 4, 1],
    ['there are more answers than were expected', [1, 1, 1], 2, 1],
  ])('where %s is by Shannon', (_case, support, kinds, expected) => {
    expect(normalisedEntropy(support, kinds)).toBe(expected);
  });

  test('lies between 0 and 1, and 0 is agreement', () => {
    fc.assert(
      fc.property(supports, fc.nat(10), (support, kinds) => {
        const value = normalisedEntropy(support, kinds);
        const held = support.filter((amount) => amount > 0).length;

        expect(value === null).toBe(held === 0);
        expect(value ?? 0).toBeGreaterThanOrEqual(0);
        expect(value ?? 0).toBeLessThanOrEqual(1);
        expect((value ?? 0) === 0).toBe(held <= 1);
      }),
    );
  });

  test('is the same in any order and any unit', () => {
    fc.assert(
      fc.property(supports, fc.nat(10), (support, kinds) => {
        const expected = normalisedEntropy(support, kinds);

        expect(normalisedEntropy(support.toReversed(), kinds)).toBe(expected);
        expect(normalisedEntropy([...support, 0], kinds)).toBe(expected);
        expect(
          normalisedEntropy(
            support.map((amount) => amount * 4),
            kinds,
          ),
        ).toBe(expected);
      }),
    );
  });

  test('grows when a vote moves from the larger to the smaller side', () => {
    expect(normalisedEntropy([4, 1], 2)).toBeLessThan(normalisedEntropy([3, 2], 2) ?? 0);
    expect(normalisedEntropy([5], 2)).toBeLessThan(normalisedEntropy([4, 1], 2) ?? 0);
  });
});
