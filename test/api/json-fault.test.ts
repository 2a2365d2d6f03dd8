import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { findJsonFault } from '../../api/json-fault.ts';

describe('findJsonFault', () => {
  test.each([
    ['{"a": 1,}', 1, 9, '"}"', 'a property name in double quotes'],
    ['{"a" 1}', 1, 6, '"1}"', "':'"],
    ['{"a": 1 "b": 2}', 1, 9, '"\\"b\\": 2}"', "',' or the closing bracket"],
    ['[1,\n 2,\n x]', 3, 2, '"x]"', 'a value'],
    ['[1, 2', 1, 6, 'the end of the text', "',' or the closing bracket"],
    ['', 1, 1, 'the end of the text', 'a value'],
    ['{} {}', 1, 4, '"{}"', 'the end of the text'],
    ['{"a": "b\nc"}', 1, 7, String.raw`"\"b\nc\"}"`, 'a value'],
    ['{"a": "\\q"}', 1, 7, String.raw`"\"\\q\"}"`, 'a value'],
    ['[1}', 1, 3, '"}"', "',' or the closing bracket"],
    ['[01]', 1, 2, '"01]"', "a value or ']'"],
    ["{'a': 1}", 1, 2, `"'a': 1}"`, "a property name in double quotes or '}'"],
  ])('finds the fault of %j', (text, line, column, got, expected) => {
    expect(findJsonFault(text)).toEqual({ line, column, got, expected });
  });

  test('finds none in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t'), (text, blank) => {
        expect(findJsonFault(blank + text + blank)).toBeUndefined();
      }),
    );
  });

  test('finds one in everything that JSON.parse refuses, and only there', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-',
      'true',
      'nul',
      ' ',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('');

        expect(findJsonFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 5000 },
    );
  });

  test('reads a string of megabytes', () => {
    expect(findJsonFault(`["${'x'.repeat(5_000_000)}"`)?.column).toBe(5_000_004);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
