import { describe, expect, test } from '@jest/globals';

import { judgeTry } from '../../../domain/webhooks/verdict.ts';
import type { TryFailure, TryResult } from '../../../domain/webhooks/verdict.ts';

const plan = { triesMax: 3, firstWaitMs: 1000 };
const rest = { plan, tries: 1, chance: 0.5, nowMs: 0 };

function answered(status: number, retryAfter?: string): TryResult {
  return { kind: 'answered', status, retryAfter, body: '' };
}

describe('a try', () => {
  test.each([200, 201, 202, 204, 299])('answered with %i is delivered', (status) => {
    expect(judgeTry({ ...rest, result: answered(status) })).toEqual({ kind: 'delivered' });
  });

  test('answered with 410 ends the webhook, whatever tries are left', () => {
    expect(judgeTry({ ...rest, result: answered(410) })).toEqual({ kind: 'gone' });
    expect(judgeTry({ ...rest, tries: 3, result: answered(410) })).toEqual({ kind: 'gone' });
  });

  test.each([100, 301, 302, 307, 400, 401, 404, 500, 502])(
    'answered with %i comes again, and heeds no Retry-After',
    (status) => {
      expect(judgeTry({ ...rest, result: answered(status, '60') })).toEqual({
        kind: 'retry',
        waitMs: 1000,
        restMs: null,
      });
    },
  );

  test.each([429, 503])('answered with %i comes again no sooner than it was asked', (status) => {
    const verdict = (header?: string) => judgeTry({ ...rest, result: answered(status, header) });

    expect(verdict('60')).toEqual({ kind: 'retry', waitMs: 60_000, restMs: 60_000 });
    expect(verdict('0')).toEqual({ kind: 'retry', waitMs: 1000, restMs: 0 });
    expect(verdict()).toEqual({ kind: 'retry', waitMs: 1000, restMs: null });
  });

  test.each<TryFailure>(['timeout', 'connection-failed', 'host-not-allowed'])(
    'without an answer (%s) comes again',
    (failure) => {
      expect(judgeTry({ ...rest, tries: 2, result: { kind: 'unanswered', failure } })).toEqual({
        kind: 'retry',
        waitMs: 3000,
        restMs: null,
      });
    },
  );

  test('is the last one when all are used up', () => {
    expect(judgeTry({ ...rest, tries: 3, result: answered(500) })).toEqual({
      kind: 'dead',
      restMs: null,
    });
    expect(judgeTry({ ...rest, tries: 4, result: answered(429, '9') })).toEqual({
      kind: 'dead',
      restMs: 9000,
    });
  });
});
