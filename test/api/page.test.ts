import { describe, expect, test } from '@jest/globals';

import { cut } from '../../api/page.ts';

const placeOf = (letter: string): string => `after ${letter}`;

describe('what was found is cut', () => {
  test('to the page, and the next one begins after its last entry', () => {
    expect(cut(['a', 'b', 'c'], 2, placeOf)).toEqual({ items: ['a', 'b'], value: 'after b' });
  });

  test('not at all where the page holds it: there is no next one', () => {
    expect(cut(['a', 'b'], 2, placeOf)).toEqual({ items: ['a', 'b'], value: null });
    expect(cut([], 2, placeOf)).toEqual({ items: [], value: null });
  });
});
