import { ApplicationFailure } from '@temporalio/activity';

import type { FailureType } from '../domain/failures.ts';

/**
 * Makes the failure after which Temporal tries an activity again.
 *
 * @param failure - why, and when to try again
 * @param failure.type - what kind of failure it is
 * @param failure.message - for people
 * @param failure.afterMs - milliseconds to wait, rounded up; without them Temporal chooses
 * @param failure.cause - what the activity met
 */
export function tryLater(failure: {
  readonly type: FailureType;
  readonly message: string;
  readonly afterMs?: number | undefined;
  readonly cause?: Error;
}): ApplicationFailure {
  const { type, message, afterMs, cause } = failure;
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: false,
    ...(afterMs === undefined ? {} : { nextRetryDelay: Math.max(1, Math.ceil(afterMs)) }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the failure of a try whose turn another try has taken over. */
export function takenOver(): ApplicationFailure {
  return tryLater({ type: 'worker-lost', message: 'another worker makes this call', afterMs: 1 });
}
