import { describe, expect, test } from '@jest/globals';

import { backoffSeconds } from '../../../infra/database/connection.ts';
import { isTransient } from '../../../infra/database/transient-error.ts';

const withCode = (code: unknown): Error => Object.assign(new Error('failed'), { code });

describe('a database failure', () => {
  test.each([
    'CONNECTION_CLOSED',
    'CONNECT_TIMEOUT',
    'ECONNREFUSED',
    'ECONNRESET',
    '57P01',
    '57P03',
    '40P01',
    '08006',
    '53300',
  ])('%s is worth another try', (code) => {
    expect(isTransient(withCode(code))).toBe(true);
  });

  test.each(['CONNECTION_ENDED', '23505', '42501', '28P01', '57014', 'P0002', undefined, 7])(
    '%s is not',
    (code) => {
      expect(isTransient(withCode(code))).toBe(false);
    },
  );

  test('of several addresses is worth another try when each of them is', () => {
    const refused = withCode('ECONNREFUSED');

    expect(isTransient(new AggregateError([refused, refused]))).toBe(true);
    expect(isTransient(new AggregateError([refused, withCode('28P01')]))).toBe(false);
    expect(isTransient(new AggregateError([]))).toBe(false);
  });

  test.each([null, undefined, 'ECONNREFUSED', 7])('%p is none', (value) => {
    expect(isTransient(value)).toBe(false);
  });
});

describe('connecting again', () => {
  test('waits longer each time, a quarter of a second at most', () => {
    const waits = [0, 1, 2, 3, 10, 1000].map(backoffSeconds);

    expect(waits).toEqual([0.02, 0.04, 0.08, 0.16, 0.25, 0.25]);
  });
});
