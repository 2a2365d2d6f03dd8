import type { LanguageModelV4Usage } from '@ai-sdk/provider';

import type { ProviderName } from '../../domain/providers/model-connector.ts';
import type { Usage } from '../../domain/providers/usage.ts';

/** Where each wire format says what was used; a dot goes one object deeper. */
interface UsageFields {
  readonly input: readonly string[];
  readonly cached: readonly string[];
  readonly output: readonly string[];
}

const responsesFields: UsageFields = {
  input: ['input_tokens'],
  cached: ['input_tokens_details.cached_tokens'],
  output: ['output_tokens'],
};

const chatFields: UsageFields = {
  input: ['prompt_tokens'],
  cached: ['prompt_tokens_details.cached_tokens', 'num_cached_tokens', 'prompt_cache_hit_tokens'],
  output: ['completion_tokens'],
};

const FIELDS: Readonly<Record<Exclude<ProviderName, 'ollama'>, UsageFields>> = {
  anthropic: {
    input: ['input_tokens'],
    cached: ['cache_read_input_tokens'],
    output: ['output_tokens'],
  },
  openai: responsesFields,
  xai: responsesFields,
  mistral: chatFields,
  'openai-compatible': chatFields,
  google: {
    input: ['promptTokenCount'],
    // Protocol buffers leave a zero out, so a Gemini answer that counts its prompt counts its cache.
    cached: ['cachedContentTokenCount', 'promptTokenCount'],
    output: ['candidatesTokenCount', 'thoughtsTokenCount'],
  },
};

/**
 * Reads what a call used. The provider packages turn several unknowns into 0, so a number counts only
 * when the provider's own words contain it.
 */
export function usageOf(provider: ProviderName, usage: LanguageModelV4Usage): Usage {
  const { inputTokens, outputTokens, raw } = usage;
  if (provider === 'ollama') {
    // This package drops the raw usage and reads a missing count as 0; no call has an empty prompt.
    return {
      inputTokens: inputTokens.total === 0 ? null : (inputTokens.total ?? null),
      cachedTokens: null,
      outputTokens: outputTokens.total === 0 ? null : (outputTokens.total ?? null),
    };
  }
  const fields = FIELDS[provider];
  const said = (paths: readonly string[], value: number | undefined): number | null =>
    paths.some((path) => typeof valueAt(raw, path) === 'number') ? (value ?? 0) : null;
  return {
    inputTokens: said(fields.input, inputTokens.total),
    cachedTokens: said(fields.cached, inputTokens.cacheRead),
    outputTokens: said(fields.output, outputTokens.total),
  };
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null
          ? (inner as Record<string, unknown>)[name]
          : undefined,
      value,
    );
}
