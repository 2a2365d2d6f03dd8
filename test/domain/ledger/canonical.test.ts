import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { canonicalJson, nestingMax, NotCanonicalError } from '../../../domain/ledger/canonical.ts';

function pathOfRefusal(value: unknown): string {
  try {
    canonicalJson(value);
  } catch (error) {
    if (error instanceof NotCanonicalError) return `${error.path} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('canonical JSON', () => {
  test('writes the example of RFC 8785, section 3.2.2', () => {
    const value: unknown = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",' +
        '"literals":[null,true,false]}',
    );

    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('sorts keys by UTF-16 code units, as RFC 8785, section 3.2.3 shows', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\u0080': 6, '\u00f6': 7 };

    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"😀":5,"\ufb33":3}',
    );
  });

  test('gives the same text whatever the order of keys, and loses nothing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const copy: unknown = JSON.parse(JSON.stringify(value));
        const text = canonicalJson(copy);

        expect(canonicalJson(reversed(copy))).toBe(text);
        expect(JSON.parse(text)).toEqual(copy);
      }),
    );
  });

  test.each([
    ['undefined', { a: [1, { b: undefined }] }, '$.a[1].b', 'undefined'],
    ['NaN', { a: Number.NaN }, '$.a', 'NaN'],
    ['infinity', [1, Number.NEGATIVE_INFINITY], '$[1]', '-Infinity'],
    ['a lone surrogate', { a: 'x\ud800' }, '$.a', 'a string with a lone surrogate'],
    ['a key with a lone surrogate', { '\udc00': 1 }, '$.\udc00', 'a key with a lone surrogate'],
    ['a bigint', 1n, '$', 'bigint'],
    ['a function', { a: Math.max }, '$.a', 'function'],
    ['a symbol', { a: Symbol.iterator }, '$.a', 'symbol'],
    ['a date', { at: new Date(0) }, '$.at', 'an object of kind Date'],
    ['bytes', { b: new Uint8Array(1) }, '$.b', 'an object of kind Uint8Array'],
    ['an object that writes itself', { a: { toJSON: () => 1 } }, '$.a', 'writes itself'],
  ])('refuses %s and names the path', (_name, value, path, fault) => {
    const refusal = pathOfRefusal(value);

    expect(refusal.startsWith(`${path} `)).toBe(true);
    expect(refusal).toContain(fault);
  });

  test('takes nesting up to its bound and no deeper', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

    expect(pathOfRefusal(nested(nestingMax + 1))).toBe('accepted');
    expect(pathOfRefusal(nested(nestingMax + 2))).toContain('nesting deeper than');
  });

  test('takes objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as object, { b: 1, a: null });

    expect(canonicalJson(bare)).toBe('{"a":null,"b":1}');
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, part]) => [key, reversed(part)]));
}
