import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  chargedFor,
  directivesFor,
  leftOf,
  openAccount,
  reserve,
  seatsUnderPressure,
  settle,
  shareOf,
  thresholdsCrossed,
  type Account,
} from '../../../domain/budget/budget.ts';
import type { Amount } from '../../../domain/planning/estimate.ts';

const limits = { tokens: 1_000, microsUsd: 500 };
const unlimited = { tokens: null, microsUsd: null };

const amount = fc.record({
  tokens: fc.nat({ max: 400 }),
  microsUsd: fc.option(fc.nat({ max: 200 })),
});
const used = fc.record({
  tokens: fc.option(fc.nat({ max: 400 })),
  microsUsd: fc.option(fc.nat({ max: 200 })),
});

function reserved(account: Account, held: Amount): Account {
  const result = reserve(account, held);
  if (result.kind === 'refused') throw new Error('no room');
  return result.account;
}

describe('an account', () => {
  test('refuses what does not fit beside what is held and used, and says what is left', () => {
    const held = reserved(openAccount(limits), { tokens: 600, microsUsd: 100 });
    const account = settle(held, { tokens: 600, microsUsd: 100 }, { tokens: 300, microsUsd: 80 });

    expect(reserve(account, { tokens: 701, microsUsd: 1 })).toEqual({
      kind: 'refused',
      left: { tokens: 700, microsUsd: 420 },
    });
    expect(reserve(account, { tokens: 1, microsUsd: 421 }).kind).toBe('refused');
    expect(reserve(account, { tokens: 700, microsUsd: 420 }).kind).toBe('reserved');
  });

  test('counts a call of unknown use as what it held', () => {
    const held = { tokens: 100, microsUsd: 50 };
    const account = settle(reserved(openAccount(limits), held), held, {
      tokens: null,
      microsUsd: null,
    });

    expect(account.settled).toEqual(held);
    expect(account.unknownCalls).toBe(1);
    expect(chargedFor(held, { tokens: 7, microsUsd: null })).toEqual({ tokens: 7, microsUsd: 50 });
  });

  test('holds no money for a call whose price is unknown, and tells it', () => {
    const held = { tokens: 100, microsUsd: null };
    const account = settle(reserved(openAccount(limits), held), held, {
      tokens: 90,
      microsUsd: null,
    });

    expect(account.settled).toEqual({ tokens: 90, microsUsd: 0 });
    expect(account.unknownCalls).toBe(1);
  });

  test('has no end without limits and nothing left when overspent', () => {
    const held = { tokens: 900, microsUsd: 1 };
    const used = { tokens: 2_000, microsUsd: 900 };

    expect(leftOf(openAccount(unlimited))).toEqual(unlimited);
    expect(reserve(openAccount(unlimited), { tokens: 1e12, microsUsd: 1e12 }).kind).toBe(
      'reserved',
    );
    expect(leftOf(settle(reserved(openAccount(limits), held), held, used))).toEqual({
      tokens: 0,
      microsUsd: 0,
    });
  });

  test('never holds more than its limits', () => {
    fc.assert(
      fc.property(fc.array(amount, { maxLength: 30 }), (amounts) => {
        const account = amounts.reduce<Account>((current, next) => {
          const result = reserve(current, next);
          return result.kind === 'reserved' ? result.account : current;
        }, openAccount(limits));

        expect(account.reserved.tokens).toBeLessThanOrEqual(limits.tokens);
        expect(account.reserved.microsUsd).toBeLessThanOrEqual(limits.microsUsd);
      }),
    );
  });

  test('is as before when a call that was held for is never made', () => {
    fc.assert(
      fc.property(amount, amount, (before, held) => {
        const account = settle(reserved(openAccount(unlimited), before), before, {
          tokens: 5,
          microsUsd: 5,
        });

        expect(settle(reserved(account, held), held, { tokens: 0, microsUsd: 0 })).toEqual(account);
      }),
    );
  });

  test('comes to the same whatever the order in which calls end', () => {
    const calls = fc.array(fc.tuple(amount, used), { maxLength: 10 });
    const shuffledCalls = calls.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffledCalls, ([list, shuffled]) => {
        const open = list.reduce<Account>(
          (account, [held]) => reserved(account, held),
          openAccount(unlimited),
        );
        const end = (account: Account, [held, use]: (typeof list)[number]) =>
          settle(account, held, use);

        const ended = list.reduce(end, open);

        expect(shuffled.reduce(end, open)).toEqual(ended);
        expect(ended.reserved).toEqual({ tokens: 0, microsUsd: 0 });
      }),
    );
  });
});

describe('thresholds', () => {
  test('take the limit that is further used up', () => {
    expect(shareOf(limits, { tokens: 100, microsUsd: 450 })).toBe(0.9);
    expect(shareOf(limits, { tokens: 950, microsUsd: 0 })).toBe(0.95);
    expect(shareOf(unlimited, { tokens: 950, microsUsd: 9 })).toBe(0);
    expect(shareOf({ tokens: 0, microsUsd: null }, { tokens: 0, microsUsd: 0 })).toBe(1);
  });

  test.each([
    [799, []],
    [800, [80]],
    [900, [80, 90]],
    [950, [80, 90, 95]],
    [1_200, [80, 90, 95, 100]],
  ])('are crossed at %d of 1,000 tokens: %j', (tokens, crossed) => {
    expect(thresholdsCrossed(limits, { tokens, microsUsd: 0 }, [])).toEqual(crossed);
  });

  test('are told once', () => {
    const spent = { tokens: 960, microsUsd: 0 };

    expect(thresholdsCrossed(limits, spent, [80, 95])).toEqual([90]);
  });

  test.each([
    [0.79, { context: 'full', isLast: false }],
    [0.8, { context: 'summary', isLast: false }],
    [0.94, { context: 'summary', isLast: false }],
    [0.95, { context: 'summary', isLast: true }],
  ])('demand at a share of %d: %j', (share, directives) => {
    expect(directivesFor(share)).toEqual(directives);
  });
});

describe('seats under pressure', () => {
  const five = ['s1', 's2', 's3', 's4', 's5'];

  test('are all seats below 90 %', () => {
    expect(seatsUnderPressure(five, 0.89, 'ab')).toEqual(five);
  });

  test('are half of them, rounded up, from 90 % on', () => {
    expect(seatsUnderPressure(five, 0.9, 'ab')).toHaveLength(3);
  });

  test('keep as many as the protocol needs', () => {
    const kept = (protocol: Parameters<typeof seatsUnderPressure>[3]) =>
      seatsUnderPressure(five, 1, 'ab', protocol).length;

    expect(kept({ protocol: { kind: 'quorum', required: 4 } })).toBe(4);
    expect(kept({ protocol: { kind: 'quorum', required: 2 } })).toBe(3);
    expect(kept({ protocol: { kind: 'unanimity' } })).toBe(5);
    expect(kept({ protocol: { kind: 'supermajority', share: 0.6, of: 'seats' } })).toBe(5);
    expect(kept({ protocol: { kind: 'supermajority', share: 0.6 } })).toBe(3);
  });

  test('depend on the seed', () => {
    const seeds = Array.from({ length: 50 }, (_, index) => index.toString(16));
    const choices = new Set(seeds.map((seed) => seatsUnderPressure(five, 0.9, seed).join()));

    expect(choices.size).toBeGreaterThan(5);
  });

  test('are chosen alike whatever the order of the seats, at least two, and in that order', () => {
    const seats = fc.uniqueArray(fc.stringMatching(/^s[1-9]\d?$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(seats, fc.stringMatching(/^[0-9a-f]{1,16}$/), (names, seed) => {
        const kept = seatsUnderPressure(names, 0.95, seed);
        const turned = seatsUnderPressure(names.toReversed(), 0.95, seed);

        expect(kept).toHaveLength(Math.min(names.length, Math.max(2, Math.ceil(names.length / 2))));
        expect(turned.toReversed()).toEqual(kept);
        expect(names.filter((name) => kept.includes(name))).toEqual(kept);
      }),
    );
  });

  test('keep one of each standpoint before a second of any', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 12 }),
        fc.nat(),
        (held, n) => {
          const seats = held.map((_, index) => `s${index + 1}`);
          const standpoints = Object.fromEntries(
            held.map((option, index) => [seats[index] ?? '', option === 0 ? null : `o${option}`]),
          );

          const kept = seatsUnderPressure(seats, 0.9, n.toString(16), { standpoints });

          const keptPoints = new Set(kept.map((seat) => standpoints[seat]));
          expect(keptPoints.size).toBe(Math.min(new Set(held).size, kept.length));
        },
      ),
    );
  });
});
