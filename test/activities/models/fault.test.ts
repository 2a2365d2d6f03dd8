import { APICallError } from '@ai-sdk/provider';
import { describe, expect, test } from '@jest/globals';

import { localFault, ProviderFaultError, sortFault } from '../../../activities/models/fault.ts';
import { retryAfterMs, retryAfterMsMax } from '../../../activities/models/retry-after.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

function answered(
  statusCode: number,
  { headers = {}, data }: { headers?: Record<string, string>; data?: unknown } = {},
): APICallError {
  return new APICallError({
    message: 'Incorrect API key provided: sk-secret; prompt was: words of the prompt',
    url: 'https://api.example/v1',
    requestBodyValues: { prompt: 'words of the prompt' },
    statusCode,
    responseHeaders: headers,
    responseBody: 'sk-secret',
    data,
  });
}

describe('sorting a status', () => {
  test.each([
    [400, 'bad-request', 'never'],
    [401, 'unauthorised', 'never'],
    [403, 'unauthorised', 'never'],
    [404, 'not-found', 'never'],
    [408, 'timeout', 'retry-now'],
    [409, 'server-error', 'retry-now'],
    [413, 'bad-request', 'never'],
    [422, 'bad-request', 'never'],
    [429, 'rate-limited', 'retry-after'],
    [500, 'server-error', 'retry-now'],
    [502, 'server-error', 'retry-now'],
    [503, 'overloaded', 'retry-now'],
    [504, 'timeout', 'retry-now'],
    [529, 'overloaded', 'retry-after'],
  ])('%i is %s, %s', (status, code, disposition) => {
    expect(sortFault(answered(status), NOW)).toEqual({
      code,
      disposition,
      status,
      message: `the provider answered ${String(status)}`,
      retryAfterMs: null,
    });
  });

  test.each([429, 503, 529, 500, 408])('%i waits as long as it is told to', (status) => {
    const fault = sortFault(answered(status, { headers: { 'retry-after': '7' } }), NOW);

    expect(fault).toMatchObject({ disposition: 'retry-after', retryAfterMs: 7000 });
  });

  test('of an account without credit is not tried again', () => {
    const data = { error: { type: 'insufficient_quota', message: 'pay' } };

    const fault = sortFault(answered(429, { headers: { 'retry-after': '1' }, data }), NOW);

    expect(fault).toMatchObject({ code: 'rate-limited', disposition: 'never', retryAfterMs: null });
    expect(fault.message).toBe('the provider answered 429 (insufficient_quota)');
  });

  test('repeats machine-readable words only, neither key nor prompt', () => {
    const data = {
      error: { type: 'invalid_request', code: 'sk-1234', status: 'words of the prompt' },
    };

    const fault = sortFault(answered(400, { data }), NOW);

    expect(fault.message).toBe('the provider answered 400 (invalid_request)');
  });

  test('reads it from an error inside a stream', () => {
    const overloaded = { type: 'overloaded_error', message: 'busy', statusCode: 529 };
    const limited = { message: 'slow down', code: 429 };

    expect(sortFault(overloaded, NOW)).toMatchObject({ code: 'overloaded', status: 529 });
    expect(sortFault(new Error('in stream', { cause: limited }), NOW)).toMatchObject({
      code: 'rate-limited',
      status: 429,
    });
  });
});

describe('sorting anything else', () => {
  test('gives back the fault that somebody sorted before', () => {
    const fault = localFault('key-missing', 'X: not set');

    expect(sortFault(new Error('outer', { cause: new ProviderFaultError(fault) }), NOW)).toBe(
      fault,
    );
  });

  test.each([
    ['ECONNREFUSED', 'unreachable'],
    ['ECONNRESET', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['UND_ERR_SOCKET', 'unreachable'],
    ['ETIMEDOUT', 'timeout'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ])('network error %s is %s and tried again at once', (code, expected) => {
    const cause = Object.assign(new Error('secret.internal'), { code });

    const fault = sortFault(new TypeError('fetch failed', { cause }), NOW);

    expect(fault).toMatchObject({ code: expected, disposition: 'retry-now', status: null });
    expect(fault.message).not.toContain('secret.internal');
  });

  test.each([
    ['ECONNREFUSED', true],
    ['ENOTFOUND', true],
    ['UND_ERR_CONNECT_TIMEOUT', true],
    ['ECONNRESET', undefined],
    ['UND_ERR_HEADERS_TIMEOUT', undefined],
  ])('network error %s says whether the call was never sent: %p', (code, isUnsent) => {
    expect(sortFault(Object.assign(new Error(), { code }), NOW).isUnsent).toBe(isUnsent);
  });

  test('an abort is a cancellation, a time-out is one', () => {
    expect(sortFault(new DOMException('', 'AbortError'), NOW).code).toBe('cancelled');
    expect(sortFault(new DOMException('', 'TimeoutError'), NOW).code).toBe('timeout');
  });

  test('what is not in the provider’s format is never tried again', () => {
    expect(sortFault(new SyntaxError('x'), NOW)).toMatchObject({
      code: 'malformed',
      disposition: 'never',
    });
    expect(sortFault(new Error('x'), NOW, true).code).toBe('malformed');
  });

  test.each([new Error('words of the prompt'), 'words of the prompt', null, undefined, 7])(
    'anything unknown (%p) is unknown, without its words',
    (error) => {
      const fault = sortFault(error, NOW);

      expect(fault).toMatchObject({ code: 'unknown', disposition: 'never' });
      expect(fault.message).not.toContain('words');
    },
  );

  test('ends with a chain of causes that bites its own tail', () => {
    const error = new Error('loop');
    error.cause = error;

    expect(sortFault(error, NOW).code).toBe('unknown');
  });
});

describe('Retry-After', () => {
  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': ' 0.5 ' }, 500],
    [{ 'retry-after-ms': '120', 'retry-after': '7' }, 120],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': '999999999' }, retryAfterMsMax],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-3' }, null],
    [{}, null],
  ])('%p is %p', (headers, expected) => {
    expect(retryAfterMs(headers as Record<string, string>, NOW)).toBe(expected);
  });
});
