import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { differences } from '../../../domain/ledger/difference.ts';

describe('differences', () => {
  test('are none between equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(differences(value, structuredClone(value))).toEqual([]);
      }),
    );
  });

  test('name the deepest places', () => {
    expect(differences({ a: [1, { b: 2 }], c: 3 }, { a: [1, { b: 4 }, 5], d: null })).toEqual([
      { path: 'a[1].b', given: 2, expected: 4 },
      { path: 'a[2]', given: undefined, expected: 5 },
      { path: 'c', given: 3, expected: undefined },
      { path: 'd', given: undefined, expected: null },
    ]);
  });

  test('name the whole where the kinds differ', () => {
    expect(differences([], {})).toEqual([{ path: '$', given: [], expected: {} }]);
    expect(differences({ a: [] }, { a: null })).toEqual([{ path: 'a', given: [], expected: null }]);
  });
});
