import type { Capabilities, ProviderName } from './model-connector.ts';

/** What is known of a provider without asking it. */
export interface KnownProviderFacts {
  /** Where its API is when an agent names no other address; `null` where there is no such place. */
  readonly baseUrl: string | null;
  /** What its models can do when an agent declares nothing else. */
  readonly capabilities: Capabilities;
}

const everything: Capabilities = {
  streaming: true,
  structuredOutput: true,
  vision: true,
  systemPrompt: true,
  promptCaching: true,
};

/** Addresses and default capabilities, as the AI SDK's provider packages of November 2026 have them. */
export const knownProviders: Readonly<Record<ProviderName, KnownProviderFacts>> = {
  anthropic: { baseUrl: 'https://api.anthropic.com/v1', capabilities: everything },
  openai: { baseUrl: 'https://api.openai.com/v1', capabilities: everything },
  google: {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    capabilities: everything,
  },
  mistral: {
    baseUrl: 'https://api.mistral.ai/v1',
    capabilities: { ...everything, vision: false, promptCaching: false },
  },
  xai: { baseUrl: 'https://api.x.ai/v1', capabilities: everything },
  ollama: {
    baseUrl: 'http://127.0.0.1:11434/api',
    capabilities: { ...everything, vision: false, promptCaching: false },
  },
  'openai-compatible': {
    baseUrl: null,
    capabilities: { ...everything, structuredOutput: false, vision: false, promptCaching: false },
  },
};
