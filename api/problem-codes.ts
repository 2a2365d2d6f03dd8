import { failures } from '../domain/failures.ts';
import type { FailureType } from '../domain/failures.ts';

/** Faults that only a caller over HTTP can make. */
const httpFaults = {
  'body-malformed': { status: 400, meaning: 'The body is not JSON, or is cut off.' },
  'cursor-invalid': { status: 400, meaning: 'The cursor was not issued by this API.' },
  'method-not-allowed': { status: 405, meaning: 'The path exists, but not with this method.' },
  'already-resolved': {
    status: 409,
    meaning: 'The collaboration was resolved with another answer.',
  },
  'webhook-off': {
    status: 409,
    meaning:
      'The webhook is switched off since its receiver answered 410 or failed for five days; nothing is sent to it.',
  },
  'webhooks-full': { status: 409, meaning: 'The tenant has as many webhooks as it may have.' },
  'not-permitted': { status: 403, meaning: 'The tenant was not granted what this takes.' },
  'run-ended': { status: 409, meaning: 'The run has ended.' },
  'not-ended': { status: 409, meaning: 'The collaboration has no decision yet.' },
} as const;

/** Stable code of a problem: a failure of the engine's, or a fault of HTTP. */
export type ProblemCode = FailureType | keyof typeof httpFaults;

/** Every problem that can be answered, with its HTTP status: the one table. */
export const problemKinds: Readonly<
  Record<ProblemCode, { readonly status: number; readonly meaning: string }>
> = { ...failures, ...httpFaults };
