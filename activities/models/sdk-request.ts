import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4TextPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';

import { schemaInstruction } from '../../domain/prompts/schema-instruction.ts';
import { estimateTokens } from '../../domain/prompts/token-estimate.ts';
import type {
  ModelRequest,
  PromptPart,
  ProviderName,
} from '../../domain/providers/model-connector.ts';

/** What decides how a request is put to a model. */
export interface RequestShape {
  readonly provider: ProviderName;
  readonly model: string;
  readonly structuredOutput: boolean;
}

type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;

/** A mark on the last stable part is enough: the cache finds shorter prefixes written by earlier rounds by itself. */
const CACHE_MARK: SharedV4ProviderOptions = { anthropic: { cacheControl: { type: 'ephemeral' } } };

/** Turns a request of ours into the AI SDK's call options. */
export function sdkRequest(request: ModelRequest, shape: RequestShape): LanguageModelV4CallOptions {
  const { schema } = request;
  const lastStable = request.parts.findLastIndex((part) => part.stable);
  const content = request.parts.map((part, index) =>
    userPart(part, shape.provider === 'anthropic' && index === lastStable),
  );
  if (schema !== null && !shape.structuredOutput) {
    content.push({ type: 'text', text: schemaInstruction(schema) });
  }
  return {
    prompt: [
      ...(request.system === '' ? [] : [{ role: 'system' as const, content: request.system }]),
      { role: 'user', content },
    ],
    maxOutputTokens: request.maxOutputTokens,
    ...(schema !== null && shape.structuredOutput
      ? { responseFormat: { type: 'json', name: schema.name, schema: schema.jsonSchema } }
      : {}),
    providerOptions: providerOptions(request, shape),
  };
}

function userPart(part: PromptPart, isMarked: boolean): UserPart {
  const options = isMarked ? { providerOptions: CACHE_MARK } : {};
  if (part.kind === 'text') return { type: 'text', text: part.text, ...options };
  return {
    type: 'file',
    mediaType: part.mediaType,
    data: { type: 'data', data: part.base64 },
    ...options,
  };
}

function providerOptions(request: ModelRequest, shape: RequestShape): SharedV4ProviderOptions {
  switch (shape.provider) {
    case 'openai':
    case 'xai':
      // Nothing of a run is to stay at the provider.
      return { [shape.provider]: { store: false } };
    case 'anthropic':
      // For models that the package does not know it would fall back to a forced tool.
      return shape.model.includes('claude') || request.schema === null
        ? {}
        : { anthropic: { structuredOutputMode: 'outputFormat' } };
    case 'ollama':
      return {
        ollama: {
          options: { num_predict: request.maxOutputTokens, num_ctx: contextTokens(request) },
        },
      };
    case 'google':
    case 'mistral':
    case 'openai-compatible':
      return {};
  }
}

const CONTEXT_TOKENS_MIN = 4096;
const CONTEXT_TOKENS_MAX = 131_072;

/** Ollama cuts what does not fit its context without a word; powers of two keep it from reloading the model at every call. */
function contextTokens(request: ModelRequest): number {
  const texts = request.parts.map((part) => (part.kind === 'text' ? part.text : ''));
  const needed =
    estimateTokens(request.system) +
    texts.reduce((sum, text) => sum + estimateTokens(text), 0) +
    request.maxOutputTokens;
  const size = 2 ** Math.ceil(Math.log2(needed * 1.25));
  return Math.min(Math.max(size, CONTEXT_TOKENS_MIN), CONTEXT_TOKENS_MAX);
}
