import { describe, expect, test } from '@jest/globals';

import { listedPrice } from '../../../domain/providers/price-table.ts';

const TODAY = '2026-11-21T10:00:00Z';

describe('a listed price', () => {
  test('is in whole micro-dollars and says when it was read', () => {
    expect(listedPrice({ provider: 'openai', model: 'gpt-6.1-terra' }, TODAY)).toEqual({
      inputMicrosUsdPerMillion: 1_000_000,
      cachedMicrosUsdPerMillion: 50_000,
      outputMicrosUsdPerMillion: 5_000_000,
      asOf: '2026-11-21',
    });
  });

  test('is unknown for other models, other providers and names that move', () => {
    expect(listedPrice({ provider: 'openai', model: 'gpt-7' }, TODAY)).toBeNull();
    expect(
      listedPrice({ provider: 'openai-compatible', model: 'gpt-6.1-terra' }, TODAY),
    ).toBeNull();
    expect(listedPrice({ provider: 'mistral', model: 'mistral-large-latest' }, TODAY)).toBeNull();
  });

  test('is unknown from the day on which it is announced to change', () => {
    const flash = { provider: 'google', model: 'gemini-3.8-flash' } as const;

    expect(listedPrice(flash, '2026-12-31T23:59:59Z')).toMatchObject({
      inputMicrosUsdPerMillion: 750_000,
    });
    expect(listedPrice(flash, '2027-01-01T00:00:00Z')).toBeNull();
  });
});
