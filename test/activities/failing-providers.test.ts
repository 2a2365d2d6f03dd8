import { describe, expect, test } from '@jest/globals';

import { turnRef } from '../../domain/collaboration/fact.ts';
import { unknownUsage } from '../../domain/providers/usage.ts';
import {
  environmentAt,
  failureOf,
  faultWith,
  goodReply,
  pricedAgent,
  turnHouse,
  type HouseFields,
} from './turn-house.ts';

const turn = turnRef('proposal', 1, 's1');
const withFallback: HouseFields = {
  plan: { allowFallback: true },
  agents: [pricedAgent('a1', { fallback: 'a2' }), pricedAgent('a2')],
};

describe('a provider without room', () => {
  test.each(['rate', 'concurrency', 'breaker'] as const)(
    'is waited for as long as it says: %s',
    async (reason) => {
      const house = turnHouse({
        begins: [{ kind: 'no-room', reason, retryAfterMs: 250.2, downMs: 59_999 }],
        acts: [],
      });

      const failure = await failureOf(house.ask());

      expect(failure).toMatchObject({
        type: 'provider-limited',
        nonRetryable: false,
        nextRetryDelay: 251,
      });
      expect(house.settled).toEqual([]);
    },
  );

  test('is waited for at the thousandth try as at the first', async () => {
    const begins = [{ kind: 'no-room', reason: 'breaker', retryAfterMs: 250, downMs: 0 }] as const;
    const house = turnHouse({ begins, acts: [] });

    const failure = await failureOf(house.ask(environmentAt(999)));

    expect(failure).toMatchObject({ type: 'provider-limited', nextRetryDelay: 250 });
  });

  test('is given up when the turn has been finding it down for a minute', async () => {
    const begins = [
      { kind: 'no-room', reason: 'breaker', retryAfterMs: 250, downMs: 60_000 },
    ] as const;
    const house = turnHouse({ begins, acts: [] });

    await expect(house.ask()).resolves.toMatchObject({
      type: 'turn.abstained',
      reason: 'provider-failed',
      microsUsd: 0,
    });
    expect(house.settled).toMatchObject([{ tried: null }]);
  });

  test('is passed over for the fallback when its breaker is open', async () => {
    const house = turnHouse({
      ...withFallback,
      begins: [
        { kind: 'no-room', reason: 'breaker', retryAfterMs: 250, downMs: 0 },
        { kind: 'begun', attempts: 1 },
      ],
    });

    await house.ask();

    expect(house.requests.map(({ model }) => model)).toEqual(['a2-model']);
  });
});

describe('a call that fails', () => {
  test('is released and tried again after the delay that its provider named', async () => {
    const house = turnHouse({ acts: [{ fault: faultWith() }] });

    const failure = await failureOf(house.ask());

    expect(failure).toMatchObject({
      type: 'provider-unavailable',
      message: 'overloaded (HTTP 529): the provider answered 529',
      nonRetryable: false,
      nextRetryDelay: 1500,
    });
    expect(house.released).toMatchObject([
      { turn, workerId: 'w1', attempt: 1, mayHaveCost: false },
    ]);
    expect(house.settled).toEqual([]);
    expect(house.faults).toEqual(['openai-compatible|http://127.0.0.1:9|TESTED_KEY retry-after']);
  });

  test('leaves the delay to Temporal when its provider names none', async () => {
    const fault = faultWith({ code: 'unreachable', status: null, retryAfterMs: null });
    const house = turnHouse({ acts: [{ fault }] });

    const failure = await failureOf(house.ask());

    expect(failure.nextRetryDelay).toBeUndefined();
    expect(failure.message).toBe('unreachable: the provider answered 529');
  });

  test('for good is an abstention that has cost nothing', async () => {
    const fault = faultWith({ disposition: 'never', code: 'unauthorised', status: 401 });
    const house = turnHouse({ acts: [{ fault }] });

    await expect(house.ask()).resolves.toEqual({
      type: 'turn.abstained',
      ...turn,
      reason: 'provider-failed',
      usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
      microsUsd: 0,
    });
    expect(house.released).toEqual([]);
  });

  test('for the sixth time is an abstention, charged where the provider may have worked', async () => {
    const fault = faultWith({ disposition: 'retry-now', code: 'timeout', status: null });
    const house = turnHouse({ acts: [{ fault }], begins: [{ kind: 'begun', attempts: 6 }] });

    await expect(house.ask()).resolves.toMatchObject({
      type: 'turn.abstained',
      reason: 'provider-failed',
      usage: unknownUsage,
      charged: { tokens: 700, microsUsd: 700 },
    });
  });

  test('for want of an adapter is tried again and says nothing of the provider', async () => {
    const fault = faultWith({ disposition: 'retry-now', code: 'adapter-missing', status: null });
    const house = turnHouse({ acts: [{ fault }] });

    const failure = await failureOf(house.ask());

    expect(failure).toMatchObject({ type: 'provider-unavailable', nonRetryable: false });
    expect(house.released).toMatchObject([{ mayHaveCost: false }]);
    expect(house.faults).toEqual(['openai-compatible|http://127.0.0.1:9|TESTED_KEY never']);
  });

  test('for the fifth time is tried again', async () => {
    const house = turnHouse({
      acts: [{ fault: faultWith() }],
      begins: [{ kind: 'begun', attempts: 5 }],
    });

    await expect(house.ask()).rejects.toThrow('overloaded');
  });

  test('because of a fault of ours is left to Temporal as it is', async () => {
    const house = turnHouse({ acts: [] });

    await expect(house.ask()).rejects.toThrow('a1 was asked more often than expected');
    expect(house.settled).toEqual([]);
  });
});

describe('a fallback', () => {
  const never = faultWith({ disposition: 'never', code: 'not-found', status: 404 });

  test('is asked after the seat’s own agent has failed for good', async () => {
    const house = turnHouse({ ...withFallback, acts: [{ fault: never }, goodReply] });

    await expect(house.ask()).resolves.toMatchObject({ type: 'position.submitted' });
    expect(house.requests.map(({ model }) => model)).toEqual(['a1-model', 'a2-model']);
    expect(house.released).toMatchObject([{ attempt: 1, mayHaveCost: false }]);
    expect(house.settled[0]?.outcome.content).toMatchObject({ agent: 'a2', model: 'a2-model' });
  });

  test('that fails for good as well ends in an abstention', async () => {
    const house = turnHouse({ ...withFallback, acts: [{ fault: never }, { fault: never }] });

    await expect(house.ask()).resolves.toMatchObject({ reason: 'provider-failed' });
    expect(house.settled).toHaveLength(1);
  });

  test.each<[string, HouseFields]>([
    ['the run does not allow it', { ...withFallback, plan: { allowFallback: false } }],
    ['it is not there', { ...withFallback, agents: [pricedAgent('a1', { fallback: 'a2' })] }],
  ])('is not asked when %s', async (_why, fields) => {
    const house = turnHouse({ ...fields, acts: [{ fault: never }] });

    await expect(house.ask()).resolves.toMatchObject({ reason: 'provider-failed' });
    expect(house.requests.map(({ model }) => model)).toEqual(['a1-model']);
  });
});
