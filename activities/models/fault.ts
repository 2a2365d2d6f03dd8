import { APICallError } from '@ai-sdk/provider';

import type { ProviderFault } from '../../domain/providers/model-connector.ts';
import { retryAfterMs } from './retry-after.ts';

/** The only error that a model connector rejects with; `fault` says how to treat it. */
export class ProviderFaultError extends Error {
  readonly fault: ProviderFault;

  constructor(fault: ProviderFault, options?: ErrorOptions) {
    super(fault.message, options);
    this.name = 'ProviderFaultError';
    this.fault = fault;
  }
}

/** Deepest chain of causes that is followed. */
const CAUSES_MAX = 8;

/**
 * Makes a fault that is not an answer of a provider.
 *
 * @param code - what happened; timeouts and lost connections may be tried again at once, nothing else
 * @param message - for people, without prompt text and secrets
 */
export function localFault(code: ProviderFault['code'], message: string): ProviderFault {
  const isPassing = code === 'timeout' || code === 'unreachable';
  return {
    disposition: isPassing ? 'retry-now' : 'never',
    code,
    message,
    status: null,
    retryAfterMs: null,
  };
}

/**
 * Sorts whatever a model call threw into retry now, retry after, or never: the one place that does.
 * Messages are ours, built from status and error codes; what a provider wrote is not repeated, since
 * it may quote the prompt or the key.
 *
 * @param error - anything
 * @param now - milliseconds since the epoch, for a Retry-After that is a date
 * @param hasAnswered - whether the provider had begun a good answer: what fails then without another reason fails
 *   because the answer is not in the provider's format, over which the packages trip in many ways
 */
export function sortFault(error: unknown, now: number, hasAnswered = false): ProviderFault {
  const chain = causesOf(error);
  const own = chain.find((link) => link instanceof ProviderFaultError);
  if (own !== undefined) return own.fault;
  for (const link of chain) {
    const status = statusOf(link);
    if (status === null || status < 300) continue;
    const waitMs = retryAfterMs(headersOf(link), now);
    return answerFault({ status, waitMs, marks: marksOf(link) });
  }
  if (chain.some(isAbort)) return localFault('cancelled', 'the call was cancelled');
  for (const link of chain) {
    const code = networkCodeOf(link);
    if (code !== null) return networkFault(code);
  }
  if (hasAnswered || chain.some(isMalformed)) {
    return localFault('malformed', 'the provider sent something that is not its own format');
  }
  return localFault('unknown', `the call failed with ${nameOf(error)}`);
}

/** What is known of an answer that is a failure. */
export interface FailedAnswer {
  readonly status: number;
  /** How long the provider asked to wait, milliseconds; `null` where it did not say. */
  readonly waitMs: number | null;
  /** Machine-readable words of the answer. */
  readonly marks: readonly string[];
}

/** Sorts an answer by its status. */
export function answerFault({ status, waitMs: wait, marks }: FailedAnswer): ProviderFault {
  const told = marks.length === 0 ? '' : ` (${marks.join(', ')})`;
  const disposition = dispositionOf(status, { marks, isWaitTold: wait !== null });
  return {
    disposition,
    code: codeOfStatus(status),
    message: `the provider answered ${status}${told}`,
    status,
    retryAfterMs: disposition === 'retry-after' ? wait : null,
  };
}

const STATUS_CODES: Readonly<Record<number, ProviderFault['code']>> = {
  401: 'unauthorised',
  403: 'unauthorised',
  404: 'not-found',
  408: 'timeout',
  409: 'server-error',
  429: 'rate-limited',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
};

function codeOfStatus(status: number): ProviderFault['code'] {
  return STATUS_CODES[status] ?? (status >= 500 ? 'server-error' : 'bad-request');
}

function dispositionOf(
  status: number,
  { marks, isWaitTold }: { marks: readonly string[]; isWaitTold: boolean },
): ProviderFault['disposition'] {
  // An account without credit answers 429 as well; waiting does not fill it.
  if (status === 429) return marks.some(isOutOfCredit) ? 'never' : 'retry-after';
  if (status === 529) return 'retry-after';
  const isPassing = status >= 500 || status === 408 || status === 409;
  if (!isPassing) return 'never';
  return isWaitTold ? 'retry-after' : 'retry-now';
}

/** Codes of Node and undici for a connection that never came about: nothing was sent over it. */
const UNCONNECTED = [
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
];

function networkFault(code: string): ProviderFault {
  const isTimeout = code.includes('TIMEDOUT') || code.includes('TIMEOUT');
  const fault = isTimeout
    ? localFault('timeout', `the provider did not answer in time (${code})`)
    : localFault('unreachable', `the connection to the provider failed (${code})`);
  return UNCONNECTED.includes(code) ? { ...fault, isUnsent: true } : fault;
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let link = error;
  while (link !== undefined && link !== null && chain.length < CAUSES_MAX) {
    chain.push(link);
    link = fieldOf(link, 'cause');
  }
  return chain;
}

function statusOf(error: unknown): number | null {
  const status = fieldOf(error, 'statusCode') ?? fieldOf(error, 'status');
  if (typeof status === 'number') return status;
  // Errors inside a stream are plain objects; OpenAI-compatible ones carry the status as `code`.
  const code = fieldOf(error, 'code');
  return typeof code === 'number' && code >= 400 && code < 600 ? code : null;
}

function headersOf(error: unknown): Readonly<Record<string, string>> {
  return APICallError.isInstance(error) ? (error.responseHeaders ?? {}) : {};
}

/** Machine-readable words of an error body: short, without spaces, so no prompt and no key fits. */
function marksOf(error: unknown): string[] {
  const data = fieldOf(error, 'data') ?? error;
  const inner = fieldOf(data, 'error') ?? data;
  const words = [fieldOf(inner, 'type'), fieldOf(inner, 'code'), fieldOf(inner, 'status')];
  return [...new Set(words.filter(isMark))];
}

/** Whether a word is one that a message may repeat. */
export function isMark(word: unknown): word is string {
  return typeof word === 'string' && /^[a-z][a-z_.]{2,47}$/i.test(word);
}

function isOutOfCredit(mark: string): boolean {
  return mark === 'insufficient_quota' || mark === 'billing_error';
}

function isAbort(error: unknown): boolean {
  const name = nameOf(error);
  return name === 'AbortError' || name === 'ResponseAborted';
}

function networkCodeOf(error: unknown): string | null {
  const code = fieldOf(error, 'code');
  if (typeof code === 'string' && /^(E[A-Z]{3,}|UND_ERR_[A-Z_]+|ERR_[A-Z_]+)$/.test(code)) {
    return code;
  }
  return nameOf(error) === 'TimeoutError' ? 'TIMEOUT' : null;
}

const MALFORMED = [
  'AI_JSONParseError',
  'AI_TypeValidationError',
  'AI_InvalidResponseDataError',
  'AI_EmptyResponseBodyError',
  'AI_NoContentGeneratedError',
  'AI_APICallError',
  'SyntaxError',
];

function isMalformed(error: unknown): boolean {
  return MALFORMED.includes(nameOf(error));
}

function nameOf(error: unknown): string {
  const name = fieldOf(error, 'name');
  return typeof name === 'string' ? name : typeof error;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[field]
    : undefined;
}
