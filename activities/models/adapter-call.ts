import {
  adapterFailureCodes,
  type AdapterCall,
  type AdapterFailure,
  type AdapterFetchInit,
} from '../../domain/providers/adapter.ts';
import { replyCharactersMax } from '../../domain/providers/adapter-reading.ts';
import type { ProviderFault } from '../../domain/providers/model-connector.ts';
import type { CallWatch } from './call-watch.ts';
import { answerFault, isMark, localFault, ProviderFaultError } from './fault.ts';
import { retryAfterMs, retryAfterMsMax } from './retry-after.ts';

/** Most bytes of answers that one call may read; the text of a reply is bounded far below. */
export const answerBytesMax = 32_000_000;

/** What one call of an adapter is made from. */
export interface AdapterCallParts {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly watch: CallWatch;
  /** Checks hosts, and sends. */
  readonly guarded: typeof fetch;
  readonly onText: ((text: string) => void) | undefined;
}

/** One call of an adapter, from our side. */
export interface OpenAdapterCall {
  /** What the adapter is given. */
  readonly given: AdapterCall;
  /** Whether the provider had begun a good answer. */
  hasAnswered(): boolean;
  /** What the adapter did wrong beside its reply; `null` when nothing. */
  misdeed(): ProviderFaultError | null;
  /** Ends it: requests that are still open are ended, later ones refused, later text is ignored. */
  close(): void;
}

/**
 * Opens what an adapter is given for one call. Nothing of it relies on the adapter: requests end with the call even if
 * it forgets them, go to allowed hosts alone, and count as signs of life.
 */
export function openAdapterCall(parts: AdapterCallParts): OpenAdapterCall {
  const { baseUrl, apiKey, watch } = parts;
  const closing = new AbortController();
  const signal = AbortSignal.any([watch.signal, closing.signal]);
  let [hasAnswered, characters, bytes] = [false, 0, 0];
  let misdeed: ProviderFaultError | null = null;
  const spoil = (message: string): ProviderFaultError => {
    misdeed ??= new ProviderFaultError(localFault('malformed', message));
    return misdeed;
  };
  const count = (chunk: Uint8Array): void => {
    watch.touch();
    bytes += chunk.byteLength;
    if (bytes > answerBytesMax) throw spoil(`the answer is longer than ${answerBytesMax} bytes`);
  };
  const send = async (url: string, init: AdapterFetchInit): Promise<Response> => {
    const { method = 'GET', headers = {}, body } = init;
    if (!URL.canParse(url)) {
      throw new ProviderFaultError(localFault('bad-request', 'the adapter called no URL'));
    }
    signal.throwIfAborted();
    const sent = { method, headers, signal, ...(body === undefined ? {} : { body }) };
    const response = await parts.guarded(url, sent);
    watch.touch();
    hasAnswered ||= response.ok;
    return counted(response, count);
  };
  const given: AdapterCall = {
    baseUrl: baseUrl.replace(/\/+$/, ''),
    apiKey,
    signal,
    fetch: (url, init = {}) => {
      const sent = send(String(url), init);
      // One that nobody awaits ends with the call, and must not end the process.
      sent.catch(() => undefined);
      return sent;
    },
    onText: (piece) => {
      if (closing.signal.aborted || watch.signal.aborted) return;
      if (typeof piece !== 'string') throw spoil('the adapter streamed something that is no text');
      characters += piece.length;
      if (characters > replyCharactersMax) {
        throw spoil(`the reply is longer than ${replyCharactersMax} characters`);
      }
      watch.touch();
      if (piece !== '') parts.onText?.(piece);
    },
    fail: failureOf,
  };
  return {
    given,
    hasAnswered: () => hasAnswered,
    misdeed: () => misdeed,
    close: () => {
      closing.abort(new ProviderFaultError(localFault('cancelled', 'the call has ended')));
    },
  };
}

/** Passes a body on and counts it. */
function counted(response: Response, count: (chunk: Uint8Array) => void): Response {
  if (response.body === null) return response;
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        count(chunk);
        controller.enqueue(chunk);
      },
    }),
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

/** What `fail` makes; it takes whatever comes, since an adapter's own fault must not hide the provider's. */
function failureOf(failure: Response | AdapterFailure): ProviderFaultError {
  if (failure instanceof Response) {
    const { status, headers } = failure;
    failure.body?.cancel().catch(() => undefined);
    if (status < 300) return new ProviderFaultError(localFault('malformed', unreadable));
    const waitMs = retryAfterMs(Object.fromEntries(headers), Date.now());
    return new ProviderFaultError(answerFault({ status, waitMs, marks: [] }));
  }
  const told = failure as Partial<AdapterFailure> | null | undefined;
  return new ProviderFaultError(toldFault(told ?? {}));
}

/** Codes that are tried again, after a wait where the provider named one. */
const passing: readonly ProviderFault['code'][] = [
  'rate-limited',
  'overloaded',
  'timeout',
  'unreachable',
  'server-error',
];

/** Codes whose provider wants to be left alone for a while, even where it did not say how long. */
const limited: readonly ProviderFault['code'][] = ['rate-limited', 'overloaded'];

function toldFault(failure: Partial<AdapterFailure>): ProviderFault {
  const code = adapterFailureCodes.find((name) => name === failure.code) ?? 'unknown';
  const told = [code, ...[failure.mark].filter(isMark)].join(', ');
  const { retryAfterMs: wait } = failure;
  const waitMs =
    passing.includes(code) && isWait(wait) ? Math.min(Math.ceil(wait), retryAfterMsMax) : null;
  const isWaiting = waitMs !== null || limited.includes(code);
  return {
    code,
    message: `the adapter says: ${told}`,
    disposition: isWaiting ? 'retry-after' : passing.includes(code) ? 'retry-now' : 'never',
    status: isStatus(failure.status) ? failure.status : null,
    retryAfterMs: waitMs,
  };
}

const unreadable = 'the provider sent something that is not its own format';

function isWait(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) < 600;
}
