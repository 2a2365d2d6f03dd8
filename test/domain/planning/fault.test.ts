import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { fieldOf, grouped, shown } from '../../../domain/planning/fault.ts';

describe('shown', () => {
  test.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [0, '0'],
    [false, 'false'],
    ['yes', '"yes"'],
    [[], 'an empty list'],
    [[1, 2], 'a list of 2'],
    [{ a: 1 }, 'an object with 1 field'],
    [{}, 'an object with 0 fields'],
    ['x'.repeat(20_001), `"${'x'.repeat(40)}"… (20,001 characters)`],
  ])('shows %j', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  test('never repeats more than 80 characters of a text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 81, max: 5_000 }), (length) => {
        const repeated = shown('x'.repeat(length)).match(/x/g) ?? [];

        expect(repeated.length).toBeLessThanOrEqual(80);
      }),
    );
  });
});

describe('fieldOf', () => {
  test.each([
    [[], 'body'],
    [['rounds'], 'rounds'],
    [['participants', 0, 'weight'], 'participants[0].weight'],
    [['personas', 'my own'], 'personas["my own"]'],
    [['a'.repeat(90)], `["${'a'.repeat(40)}"… (90 characters)]`],
  ])('writes %j as a path', (path, field) => {
    expect(fieldOf(path)).toBe(field);
  });
});

test('numbers are grouped by thousands', () => {
  expect([1, 1_000, 10_485_760].map(grouped)).toEqual(['1', '1,000', '10,485,760']);
});
