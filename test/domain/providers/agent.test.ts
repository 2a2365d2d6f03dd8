import { describe, expect, test } from '@jest/globals';

import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
import { accountOf } from '../../../domain/providers/agent.ts';

describe('accountOf', () => {
  test('is one for agents of one provider, host and key, and another for every other', () => {
    const usual = { provider: 'openai', baseUrl: null, apiKeyEnv: null } as const;
    const keyed = { ...usual, apiKeyEnv: 'OPENAI_API_KEY' };
    const elsewhere = { ...keyed, baseUrl: 'https://models.example/v1' };

    expect([usual, keyed, elsewhere].map((agent) => accountOf('one', agent))).toEqual([
      'openai||',
      'openai||OPENAI_API_KEY',
      'openai|https://models.example/v1|OPENAI_API_KEY',
    ]);
  });

  test('is one for all tenants that use one provider, host and key', () => {
    const agent = { provider: 'openai', baseUrl: null, apiKeyEnv: 'OPENAI_API_KEY' } as const;

    expect(accountOf('one', agent)).toBe(accountOf('two', agent));
  });

  test('is one for each program of each tenant', () => {
    const named = { path: '/opt/own/ask', output: { kind: 'text' } };
    const command = completeCommand(commandSchema.parse(named));
    const program = { provider: 'command', baseUrl: null, apiKeyEnv: null, command };

    expect(accountOf('one', program)).toBe('command|||one|/opt/own/ask');
    expect(accountOf('two', program)).not.toBe(accountOf('one', program));
  });
});
