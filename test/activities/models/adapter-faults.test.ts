import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { retryAfterMsMax } from '../../../activities/models/retry-after.ts';
import type { AdapterCall } from '../../../domain/providers/adapter.ts';
import { replyCharactersMax } from '../../../domain/providers/adapter-reading.ts';
import type { ProviderFault } from '../../../domain/providers/model-connector.ts';
import { adapterHouse, good } from './adapter-house.ts';
import type { AdapterHouse, Ask } from './adapter-house.ts';

let house: AdapterHouse;

beforeEach(async () => {
  house = await adapterHouse();
});

afterEach(() => house.close());

describe('a reply that is none', () => {
  test.each<[unknown, string]>([
    [undefined, 'reply: got nothing, expected an object'],
    ['words of the prompt', 'reply: got a value of type string, expected an object'],
    [{ ...good, finish: 'end' }, 'finish: got a value of type string, expected one of'],
    [{ ...good, usage: { inputTokens: -3 } }, 'usage.inputTokens: got -3, expected a whole number'],
  ])('is malformed: %#', async (value, told) => {
    const fault = await house.faultFrom(() => value);

    expect(fault).toMatchObject({ code: 'malformed', disposition: 'never' });
    expect(fault.message).toContain(told);
    expect(fault.message).not.toContain('words of the prompt');
  });

  test('is a fault also where it cannot be looked at', async () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('words of the prompt');
        },
      },
    );

    const faults = [
      await house.faultFrom(() => trap),
      await house.faultFrom(() => {
        throw trap as Error;
      }),
    ];

    expect(faults.map(({ disposition }) => disposition)).toEqual(['never', 'never']);
    expect(JSON.stringify(faults)).not.toContain('words of the prompt');
  });

  test('is one whose text is no text, or too long, while it streams; swallowing that does not help', async () => {
    const swallowing =
      (piece: unknown): Ask =>
      (_request, call) => {
        try {
          call.onText(piece as string);
        } catch {
          return good;
        }
        return good;
      };

    const noText = await house.faultFrom(swallowing(7));
    const tooLong = await house.faultFrom(swallowing('x'.repeat(replyCharactersMax + 1)));

    expect([noText.code, tooLong.code]).toEqual(['malformed', 'malformed']);
    expect(tooLong.message).toContain(String(replyCharactersMax));
  });
});

describe('what an adapter throws', () => {
  test.each<[Parameters<AdapterCall['fail']>[0], Partial<ProviderFault>]>([
    [
      { code: 'rate-limited', status: 429, retryAfterMs: 250.5, mark: 'too_many' },
      {
        code: 'rate-limited',
        disposition: 'retry-after',
        status: 429,
        retryAfterMs: 251,
        message: 'the adapter says: rate-limited, too_many',
      },
    ],
    [{ code: 'overloaded' }, { disposition: 'retry-after', retryAfterMs: null }],
    [{ code: 'server-error' }, { disposition: 'retry-now', status: null }],
    [
      { code: 'server-error', retryAfterMs: 9 },
      { disposition: 'retry-after', retryAfterMs: 9 },
    ],
    [{ code: 'timeout' }, { disposition: 'retry-now' }],
    [
      { code: 'unreachable', retryAfterMs: -1 },
      { disposition: 'retry-now', retryAfterMs: null },
    ],
    [
      { code: 'overloaded', retryAfterMs: Number.MAX_SAFE_INTEGER },
      { retryAfterMs: retryAfterMsMax },
    ],
    [
      { code: 'unauthorised', retryAfterMs: 9 },
      { disposition: 'never', retryAfterMs: null },
    ],
    [{ code: 'not-found' }, { disposition: 'never' }],
    [
      { code: 'bad-request', status: 9999 },
      { disposition: 'never', status: null },
    ],
    [{ code: 'malformed' }, { disposition: 'never' }],
    [
      { code: 'unknown', mark: 'words of the prompt' },
      { disposition: 'never', message: 'the adapter says: unknown' },
    ],
    [{ code: 'cancelled' as never }, { code: 'unknown', disposition: 'never' }],
    [undefined as never, { code: 'unknown', disposition: 'never' }],
  ])('is sorted as it says: %j', async (failure, expected) => {
    const fault = await house.faultFrom((_request, call) => {
      throw call.fail(failure);
    });

    expect(fault).toMatchObject(expected);
  });

  test('is sorted by the answer that it hands on', async () => {
    house.answer = (response) => response.writeHead(503, { 'retry-after': '2' }).end();
    const ask: Ask = async (_request, call) => {
      throw call.fail(await call.fetch(house.url));
    };

    expect(await house.faultFrom(ask)).toMatchObject({
      code: 'overloaded',
      disposition: 'retry-after',
      status: 503,
      retryAfterMs: 2000,
    });

    house.answer = (response) => response.end('{}');
    expect(await house.faultFrom(ask)).toMatchObject({ code: 'malformed', disposition: 'never' });
  });

  test('is sorted all the same when it is anything else', async () => {
    const thrown = [
      Object.assign(new Error('words of the prompt'), { status: 429 }),
      Object.assign(new Error('words of the prompt'), { code: 'ECONNREFUSED' }),
      'words of the prompt',
      undefined,
    ];

    const faults = await Promise.all(
      thrown.map((error) =>
        house.faultFrom(() => {
          throw error as Error;
        }),
      ),
    );

    expect(faults.map(({ code }) => code)).toEqual([
      'rate-limited',
      'unreachable',
      'unknown',
      'unknown',
    ]);
    expect(JSON.stringify(faults)).not.toContain('words of the prompt');
  });

  test('by mistake names the place, and is not tried again', async () => {
    const ask: Ask = (request) => (request as unknown as { a: { b: string } }).a.b;

    const before = await house.faultFrom(ask);
    const after = await house.faultFrom(async (request, call) => {
      await call.fetch(house.url);
      return ask(request, call);
    });

    expect(before).toMatchObject({ code: 'unknown', disposition: 'never' });
    expect(before.message).toMatch(
      /^the call failed with TypeError, at adapter-faults\.test\.ts:\d+:\d+$/,
    );
    expect(after.code).toBe('malformed');
  });
});
