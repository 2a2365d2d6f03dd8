import { describe, expect, test } from '@jest/globals';

import { turnRef, type TurnFact } from '../../domain/collaboration/fact.ts';
import type { ProviderFault } from '../../domain/providers/model-connector.ts';
import { aCost } from '../support/drive.ts';
import { failureOf, faultWith, turnHouse } from './turn-house.ts';

const turn = turnRef('proposal', 1, 's1');

describe('a call that fails', () => {
  test.each<[string, boolean, Partial<ProviderFault>]>([
    ['in time', true, { code: 'timeout', status: null }],
    ['with a whole reply', true, { code: 'unreachable', status: null }],
    ['in its own format', true, { code: 'malformed', status: null }],
    ['for its own limits', false, { code: 'rate-limited', status: 429 }],
    ['for a fault of its own', false, { code: 'server-error', status: 500 }],
    ['to a connection', false, { code: 'unreachable', status: null, isUnsent: true }],
  ])(
    'because its provider did not answer %s may have cost something: %p',
    async (...[, is, fields]) => {
      const house = turnHouse({ acts: [{ fault: faultWith(fields) }] });

      await failureOf(house.ask());

      expect(house.released).toMatchObject([{ mayHaveCost: is }]);
    },
  );

  test('for the second reply may have cost something, since the first one was answered', async () => {
    const house = turnHouse({ acts: [{ text: 'Yes.' }, { fault: faultWith() }] });

    await failureOf(house.ask());

    expect(house.released).toMatchObject([{ mayHaveCost: true }]);
  });

  test('for good is left to another try that has taken the turn over', async () => {
    const fault = faultWith({ disposition: 'never' });
    const house = turnHouse({ acts: [{ fault }], settlement: { kind: 'taken' } });

    expect(await failureOf(house.ask())).toMatchObject({ type: 'worker-lost', nextRetryDelay: 1 });
  });
});

describe('an answer to a turn', () => {
  test('that was asked before by a worker who died is settled by its own try', async () => {
    const lost = { calls: 1, tokens: 700, microsUsd: 700 };
    const house = turnHouse({ begins: [{ kind: 'begun', attempts: 2, lost }] });

    await house.ask();

    expect(house.settled).toMatchObject([{ tried: { workerId: 'w1', attempt: 2 } }]);
  });

  test.each(['recorded', 'sealed'] as const)('that has ended gives way: %s', async (kind) => {
    const fact: TurnFact = { type: 'turn.cancelled', ...turn, ...aCost };
    const house = turnHouse({ settlement: { kind, fact } });

    await expect(house.ask()).resolves.toEqual(fact);
  });
});
