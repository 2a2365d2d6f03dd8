import { describe, expect, test } from '@jest/globals';

import { accountOf } from '../../../domain/providers/agent.ts';

describe('accountOf', () => {
  test('is one for agents of one provider, host and key, and another for every other', () => {
    const usual = { provider: 'openai', baseUrl: null, apiKeyEnv: null } as const;
    const keyed = { ...usual, apiKeyEnv: 'OPENAI_API_KEY' };
    const elsewhere = { ...keyed, baseUrl: 'https://models.example/v1' };

    expect([usual, keyed, elsewhere].map(accountOf)).toEqual([
      'openai||',
      'openai||OPENAI_API_KEY',
      'openai|https://models.example/v1|OPENAI_API_KEY',
    ]);
  });
});
