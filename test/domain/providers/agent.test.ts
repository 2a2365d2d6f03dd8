import { describe, expect, test } from '@jest/globals';

import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
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

  test('is one for each program', () => {
    const named = { path: '/opt/own/ask', output: { kind: 'text' } };
    const command = completeCommand(commandSchema.parse(named));
    const program = { provider: 'command', baseUrl: null, apiKeyEnv: null, command };

    expect(accountOf(program as never)).toBe('command|||/opt/own/ask');
  });
});
