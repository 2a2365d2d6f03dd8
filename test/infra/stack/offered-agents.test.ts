import { describe, expect, test } from '@jest/globals';

import { keyedAgents } from '../../../infra/stack/offered-agents.ts';

const ANTHROPIC = { provider: 'anthropic', variable: 'ANTHROPIC_API_KEY' } as const;
const GOOGLE = { provider: 'google', variable: 'GEMINI_API_KEY' } as const;
const DAY = '2026-11-21';
const OLLAMA = { provider: 'ollama', variable: 'OLLAMA_HOST' } as const;

describe('keyedAgents', () => {
  test('offers nobody without keys', () => {
    expect(keyedAgents([], undefined, DAY)).toEqual([]);
  });

  test('offers one agent per provider, each with another persona and the name of its key', () => {
    const agents = keyedAgents([ANTHROPIC, GOOGLE], undefined, DAY);

    expect(agents).toMatchObject([
      { name: 'claude', apiKeyEnv: 'ANTHROPIC_API_KEY', personas: ['architect'] },
      { name: 'gemini', apiKeyEnv: 'GEMINI_API_KEY', personas: ['critic'] },
    ]);
  });

  test('offers three of a provider that is alone, so that a debate is possible', () => {
    const names = keyedAgents([ANTHROPIC], undefined, DAY).map(({ name }) => name);

    expect(names).toEqual(['claude', 'claude-critic', 'claude-pragmatist']);
  });

  test('takes the listed price, none where the model or the day has none, and never passes as simulated', () => {
    expect(keyedAgents([ANTHROPIC], undefined, DAY)[0]).toMatchObject({
      price: { inputMicrosUsdPerMillion: 2_000_000, asOf: DAY },
      simulated: false,
    });
    expect(keyedAgents([GOOGLE], undefined, '2027-01-01')[0]).toMatchObject({ price: null });
  });

  test('offers the model that an Ollama has, and none where no Ollama answers', () => {
    const ollama = { baseUrl: 'http://127.0.0.1:11434/api', model: 'smol:135m' };

    const agents = keyedAgents([ANTHROPIC, OLLAMA], ollama, DAY);

    expect(agents[1]).toMatchObject({ ...ollama, name: 'ollama', apiKeyEnv: null });
    expect(keyedAgents([OLLAMA], undefined, DAY)).toEqual([]);
  });
});
