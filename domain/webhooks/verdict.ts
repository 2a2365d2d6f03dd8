import { retryAfterMs, waitAfter } from './retry-plan.ts';
import type { RetryPlan } from './retry-plan.ts';

/** Why a try had no answer. */
export const tryFailures = [
  'timeout',
  'connection-failed',
  'host-not-allowed',
  'address-not-allowed',
  'secret-unreadable',
] as const;
export type TryFailure = (typeof tryFailures)[number];

/** What came of a try: an answer, or none. */
export type TryResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      /** Beginning of the answer's body. */
      readonly body: string;
    }
  | { readonly kind: 'unanswered'; readonly failure: TryFailure };

/** What becomes of a delivery after a try. */
export type TryVerdict =
  | { readonly kind: 'delivered' }
  /** To be tried again after `waitMs`; with `restMs` nothing is sent to this webhook before it is over. */
  | { readonly kind: 'retry'; readonly waitMs: number; readonly restMs: number | null }
  /** Not tried again by itself. */
  | { readonly kind: 'dead'; readonly restMs: number | null }
  /** The receiver wants nothing more, ever: the webhook is switched off. */
  | { readonly kind: 'gone' };

/** What a verdict depends on. */
export interface JudgedTry {
  readonly result: TryResult;
  readonly plan: RetryPlan;
  /** Tries of this delivery, this one included. */
  readonly tries: number;
  /** 0 to 1. */
  readonly chance: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

const gone = 410;
/** Statuses whose `Retry-After` is heard. */
const patient: readonly number[] = [429, 503];

/**
 * Decides what becomes of a delivery: any 2xx is success, 410 ends the webhook, everything else is tried again, redirects
 * too, until the tries are used up. Source: Standard Webhooks, "Deliverability and reliability".
 */
export function judgeTry({ result, plan, tries, chance, nowMs }: JudgedTry): TryVerdict {
  const status = result.kind === 'answered' ? result.status : 0;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === gone) return { kind: 'gone' };
  const restMs =
    result.kind === 'answered' && patient.includes(status)
      ? (retryAfterMs(result.retryAfter, nowMs) ?? null)
      : null;
  if (tries >= plan.triesMax) return { kind: 'dead', restMs };
  const waitMs = Math.max(waitAfter(plan, tries, chance), restMs ?? 0);
  return { kind: 'retry', waitMs, restMs };
}
