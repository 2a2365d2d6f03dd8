import type { CommandTrace } from '../commands/command-trace.ts';
import type { Usage } from './usage.ts';

/** The provider families that a model connector can speak to. */
export const providerNames = [
  'anthropic',
  'openai',
  'google',
  'mistral',
  'xai',
  'ollama',
  'openai-compatible',
] as const;
export type ProviderName = (typeof providerNames)[number];

/** Whether a name is that of a provider family; any other can only be that of an adapter. */
export function isProviderName(name: string): name is ProviderName {
  return (providerNames as readonly string[]).includes(name);
}

/** What a model can do; a prompt that needs more than this is refused before the call. */
export interface Capabilities {
  readonly streaming: boolean;
  readonly structuredOutput: boolean;
  readonly vision: boolean;
  readonly systemPrompt: boolean;
  readonly promptCaching: boolean;
}

/** One piece of a prompt, in order. `stable` pieces are the same for every seat and round up to here, so that providers' caches hit. */
export type PromptPart =
  | { readonly kind: 'text'; readonly text: string; readonly stable: boolean }
  | {
      readonly kind: 'image';
      readonly mediaType: string;
      readonly base64: string;
      readonly stable: boolean;
    };

/** A schema that a reply is asked to follow, as JSON Schema (draft 2020-12 subset that all providers take). */
export interface ReplySchema {
  readonly name: string;
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

/** One call to a model, provider-neutral. */
export interface ModelRequest {
  readonly system: string;
  readonly parts: readonly PromptPart[];
  readonly schema: ReplySchema | null;
  /** Upper bound of the reply, tokens. */
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
  /** Called with each piece of text as it streams; never after the promise has settled. */
  readonly onText?: (text: string) => void;
}

/** Why a model stopped. */
export type FinishReason = 'stop' | 'length' | 'refusal' | 'other';

/** What came back, as it came: nothing is parsed or judged here. */
export interface ModelReply {
  readonly text: string;
  readonly finish: FinishReason;
  readonly usage: Usage;
  /** The model's name as the provider reports it, or as it was asked for when the provider is silent. */
  readonly model: string;
  /** What the call cost by the word of who answered, whole micro-dollars; absent where nothing was said. */
  readonly costMicrosUsd?: number;
  /** How the program ran that gave this reply; absent where none did. */
  readonly command?: CommandTrace;
}

/** How a failed call is to be treated; the only three ways there are. */
export type FaultDisposition = 'retry-now' | 'retry-after' | 'never';

/** A provider's failure, sorted in one place. `code` is stable, `message` is for people and holds no prompt text and no secret. */
export interface ProviderFault {
  readonly disposition: FaultDisposition;
  readonly code:
    | 'rate-limited'
    | 'overloaded'
    | 'timeout'
    | 'unreachable'
    | 'server-error'
    | 'unauthorised'
    | 'not-found'
    | 'bad-request'
    | 'malformed'
    | 'cancelled'
    | 'host-not-allowed'
    | 'key-missing'
    | 'adapter-missing'
    | 'not-permitted'
    | 'unknown';
  readonly message: string;
  /** HTTP status, where there was one. */
  readonly status: number | null;
  /** How long to wait before the next try, milliseconds; `null` where the provider did not say. */
  readonly retryAfterMs: number | null;
  /** The provider never had the call, so that it cannot have been paid. */
  readonly isUnsent?: true;
  /** It may have been paid though it failed, whatever its code. */
  readonly mayHaveCost?: true;
}

/** What a health probe found. */
export interface ConnectorHealth {
  readonly status: 'ok' | 'failing';
  readonly latencyMs: number;
  readonly detail: string;
}

/**
 * The one port to every model provider.
 * `ask` makes exactly one HTTP call, never retries, streams when `onText` is given, stops within a second of `signal`
 * and rejects only with a `ProviderFaultError` (see `activities/models/fault.ts`). It may be called many times at once.
 * `probe` never throws. For an agent that is a program, the call is one run of it.
 */
export interface ModelConnector {
  /** A {@link ProviderName}, or the name of an adapter. */
  readonly provider: string;
  readonly model: string;
  readonly capabilities: Capabilities;
  readonly simulated: boolean;
  ask(request: ModelRequest): Promise<ModelReply>;
  probe(signal: AbortSignal): Promise<ConnectorHealth>;
}
