import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Price } from '../../../domain/providers/agent.ts';
import { costOf, formatUsd, microsOf, usdOf } from '../../../domain/providers/price.ts';

const price: Price = {
  inputMicrosUsdPerMillion: 3_000_000,
  cachedMicrosUsdPerMillion: 300_000,
  outputMicrosUsdPerMillion: 15_000_000,
  asOf: '2026-01-01',
};

describe('costOf', () => {
  test('prices cached, other input and output tokens each at their own rate', () => {
    const cost = costOf({ inputTokens: 1_000, cachedTokens: 400, outputTokens: 100 }, price);

    expect(cost).toBe(600 * 3 + 400 * 0.3 + 100 * 15);
  });

  test('rounds up to a whole micro-dollar', () => {
    expect(costOf({ inputTokens: 1, cachedTokens: 1, outputTokens: 0 }, price)).toBe(1);
  });

  test.each([
    ['price', { inputTokens: 1, cachedTokens: 0, outputTokens: 1 }, null],
    ['input', { inputTokens: null, cachedTokens: 0, outputTokens: 1 }, price],
    ['cached part', { inputTokens: 1, cachedTokens: null, outputTokens: 1 }, price],
    ['output', { inputTokens: 1, cachedTokens: 0, outputTokens: null }, price],
  ])('is unknown when the %s is unknown', (_what, usage, given) => {
    expect(costOf(usage, given)).toBeNull();
  });

  test('needs no cached count where cached tokens cost the same or there is no input', () => {
    const flat = { ...price, cachedMicrosUsdPerMillion: price.inputMicrosUsdPerMillion };

    expect(costOf({ inputTokens: 10, cachedTokens: null, outputTokens: 0 }, flat)).toBe(30);
    expect(costOf({ inputTokens: 0, cachedTokens: null, outputTokens: 1 }, price)).toBe(15);
  });

  test('reads more cached than input tokens as all input cached', () => {
    const cost = costOf({ inputTokens: 10, cachedTokens: 99, outputTokens: 0 }, price);

    expect(cost).toBe(3);
  });

  test('never falls when more is used', () => {
    const tokens = fc.nat({ max: 10_000_000 });
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (input, cached, output, more) => {
        const usage = { inputTokens: input, cachedTokens: cached, outputTokens: output };
        const cost = costOf(usage, price) ?? -1;

        expect(Number.isInteger(cost) && cost >= 0).toBe(true);
        expect(costOf({ ...usage, outputTokens: output + more }, price)).toBeGreaterThanOrEqual(
          cost,
        );
      }),
    );
  });
});

describe('money', () => {
  test.each([
    [500_000, '$0.50'],
    [125, '$0.000125'],
    [0, '$0.00'],
    [12_345_678_900, '$12345.6789'],
    [-1_500_000, '-$1.50'],
    [null, 'unknown'],
  ])('writes %p micro-dollars as %s', (micros, text) => {
    expect(formatUsd(micros)).toBe(text);
  });

  test('goes from dollars to micro-dollars and back without loss', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2_000_000_000 }), (micros) => {
        expect(microsOf(usdOf(micros) ?? Number.NaN)).toBe(micros);
      }),
    );
  });

  test('stays unknown in dollars', () => {
    expect(usdOf(null)).toBeNull();
  });
});
