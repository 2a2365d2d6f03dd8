import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createMistral } from '@ai-sdk/mistral';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { createXai } from '@ai-sdk/xai';
import { createOllama } from 'ollama-ai-provider-v2';

import type { ProviderName } from '../../domain/providers/model-connector.ts';

/** What a model of the AI SDK is made from. */
export interface ModelSpecification {
  readonly provider: ProviderName;
  readonly model: string;
  readonly baseUrl: string;
  /** `null` where the provider needs none. */
  readonly apiKey: string | null;
  readonly structuredOutput: boolean;
  readonly fetch: typeof fetch;
}

/** Sent where a package insists on a key and the endpoint needs none. */
const NO_KEY = 'none';

/** Makes the AI SDK's model for a specification; the only place that knows the provider packages. */
export function sdkModel(specification: ModelSpecification): LanguageModelV4 {
  const { provider, model, baseUrl: baseURL, fetch } = specification;
  const apiKey = specification.apiKey ?? NO_KEY;
  switch (provider) {
    case 'anthropic':
      return createAnthropic({ baseURL, apiKey, fetch })(model);
    case 'openai':
      return createOpenAI({ baseURL, apiKey, fetch })(model);
    case 'google':
      return createGoogle({ baseURL, apiKey, fetch })(model);
    case 'mistral':
      return createMistral({ baseURL, apiKey, fetch })(model);
    case 'xai':
      return createXai({ baseURL, apiKey, fetch })(model);
    case 'ollama':
      return createOllama({ baseURL, fetch, headers: bearer(specification.apiKey) })(model);
    case 'openai-compatible':
      return createOpenAICompatible({
        name: 'compatible',
        baseURL,
        fetch,
        headers: bearer(specification.apiKey),
        includeUsage: true,
        supportsStructuredOutputs: specification.structuredOutput,
      })(model);
  }
}

function bearer(apiKey: string | null): Record<string, string> {
  return apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` };
}
