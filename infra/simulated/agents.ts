import type { Agent, Price } from '../../domain/providers/agent.ts';

/** Price of a simulated model: made up, so that budgets can be tried without a bill. */
const SIMULATED_PRICE: Price = {
  inputMicrosUsdPerMillion: 1_000_000,
  cachedMicrosUsdPerMillion: 100_000,
  outputMicrosUsdPerMillion: 5_000_000,
  asOf: '2026-11-01',
};

/** Ollama does not say what it had cached, so a price of its own for that would leave every cost unknown. */
const UNCACHED_PRICE: Price = {
  ...SIMULATED_PRICE,
  cachedMicrosUsdPerMillion: SIMULATED_PRICE.inputMicrosUsdPerMillion,
};

const PANEL = [
  { name: 'sim-ada', provider: 'openai-compatible', path: '/openai/v1', persona: 'architect' },
  { name: 'sim-bo', provider: 'anthropic', path: '/anthropic/v1', persona: 'critic' },
  { name: 'sim-cy', provider: 'google', path: '/google/v1beta', persona: 'pragmatist' },
  { name: 'sim-dee', provider: 'ollama', path: '/ollama/api', persona: 'security' },
  { name: 'sim-eve', provider: 'openai-compatible', path: '/openai/v1', persona: 'pragmatist' },
] as const;

/**
 * Gives the panel for people without keys: five agents over four wire formats, marked simulated.
 *
 * @param baseUrl - address of the simulated panel, without a path
 */
export function simulatedAgents(baseUrl: string): readonly Agent[] {
  return PANEL.map(({ name, provider, path, persona }) => ({
    name,
    provider,
    model: name,
    baseUrl: new URL(path, baseUrl).href,
    apiKeyEnv: null,
    personas: [persona],
    price: provider === 'ollama' ? UNCACHED_PRICE : SIMULATED_PRICE,
    limits: {},
    fallback: null,
    capabilities: { vision: true, structuredOutput: true },
    simulated: true,
  }));
}
