/**
 * What a module has to be that adds a provider of its own (`docs/guides/own-adapters.md`). An adapter needs only
 * its types, and nothing of ours when it runs.
 */
import type {
  Capabilities,
  FinishReason,
  PromptPart,
  ProviderFault,
  ReplySchema,
} from './model-connector.ts';

export type { Capabilities, FinishReason, PromptPart, ReplySchema } from './model-connector.ts';

/** Version of the contract. It grows when an adapter that was right before would be wrong. */
export const adapterContract = 1;

/**
 * A provider of somebody's own. A module exports one as `adapter`. It is loaded once per worker; `ask` is called many
 * times at once, so it keeps nothing between calls that would mix them.
 */
export interface Adapter {
  /** The version of the contract that it was written for. */
  readonly contract: typeof adapterContract;
  /** Name of the provider: 2 to 40 of a-z, 0-9 and hyphens, beginning with a letter; not one that is there already. */
  readonly name: string;
  /** Version of the adapter itself, 1 to 40 of letters, digits, dots, plus and hyphens; shown beside its name. */
  readonly version: string;
  /** Where its API is when an agent names no other address; `null` makes every agent name one. */
  readonly baseUrl: string | null;
  /** What its models can do; agents may declare `vision` and `structuredOutput` otherwise. */
  readonly capabilities: Capabilities;
  /**
   * Asks a model once: one call of the provider, no retry.
   *
   * @throws what `call.fail` makes; anything else is sorted by its HTTP status or network code, as far as it has one,
   *   and is not tried again otherwise
   */
  ask(request: AdapterRequest, call: AdapterCall): Promise<AdapterReply>;
}

/** What a model is asked. It fits the capabilities: what they lack has been put into the text, or was refused. */
export interface AdapterRequest {
  /** The model as the agent names it. */
  readonly model: string;
  /** Instructions that stand apart from the text; empty where there are none, or `systemPrompt` is not declared. */
  readonly system: string;
  /** Text and images, in order; images only where `vision` is declared. */
  readonly parts: readonly PromptPart[];
  /** What the reply is to follow; `null` where nothing is, or `structuredOutput` is not declared. */
  readonly schema: ReplySchema | null;
  /** Upper bound of the reply, tokens. */
  readonly maxOutputTokens: number;
}

/** What an adapter is given for one call, and may use until its promise has settled. */
export interface AdapterCall {
  /** The agent's address, or the adapter's own; without a slash at its end. */
  readonly baseUrl: string;
  /** Value of the variable that the agent names for its key; `null` where it names none. */
  readonly apiKey: string | null;
  /** Aborts when the call has to end: cancelled, or out of time. What `fetch` does ends with it by itself. */
  readonly signal: AbortSignal;
  /**
   * Sends a request, as the built-in `fetch` does, to hosts that may be called; follows no redirect. Reading more than
   * 32 MB of an answer fails.
   */
  readonly fetch: (url: string | URL, init?: AdapterFetchInit) => Promise<Response>;
  /** Hands on a piece of the reply as it comes; all pieces together are the reply's text. */
  readonly onText: (piece: string) => void;
  /**
   * Makes the error to throw.
   *
   * @param failure - the provider's answer, whose status and `Retry-After` are read; or what happened
   */
  readonly fail: (failure: Response | AdapterFailure) => Error;
}

/** What of `fetch` an adapter may say. */
export interface AdapterFetchInit {
  /** `GET` by default. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What happened, where an adapter knows it better than an HTTP status says it. */
export interface AdapterFailure {
  readonly code: AdapterFailureCode;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** How long the provider asked to wait, milliseconds. */
  readonly retryAfterMs?: number;
  /** The provider's own short name for it, for people: 3 to 48 letters, dots and underscores. Anything else is left out. */
  readonly mark?: string;
}

/** Failures that an adapter can name. `rate-limited` to `server-error` are tried again, the rest is not. */
export const adapterFailureCodes = [
  'rate-limited',
  'overloaded',
  'timeout',
  'unreachable',
  'server-error',
  'unauthorised',
  'not-found',
  'bad-request',
  'malformed',
  'unknown',
] as const satisfies readonly ProviderFault['code'][];

/** One of {@link adapterFailureCodes}. */
export type AdapterFailureCode = (typeof adapterFailureCodes)[number];

/** What came back. */
export interface AdapterReply {
  /** The reply as it came: nothing parsed, nothing mended. */
  readonly text: string;
  readonly finish: FinishReason;
  /** What was used, as far as the provider said it; what is absent or `null` is unknown, which is not 0. */
  readonly usage: AdapterUsage | null;
  /** The model as the provider names it; as it was asked for by default. */
  readonly model?: string;
}

/** Tokens, whole and not negative. `inputTokens` includes `cachedTokens`. */
export interface AdapterUsage {
  readonly inputTokens?: number | null;
  readonly cachedTokens?: number | null;
  readonly outputTokens?: number | null;
}

/** What an adapter says of itself. Where it was loaded from may differ from machine to machine, and is no part of it. */
export interface AdapterDescription {
  readonly name: string;
  readonly version: string;
  readonly contract: number;
  readonly baseUrl: string | null;
  readonly capabilities: Capabilities;
}
