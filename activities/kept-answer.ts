import { setTimeout as delay } from 'node:timers/promises';

import { Context, log } from '@temporalio/activity';

import { isTransient } from '../infra/database/transient-error.ts';

const delayFirstMs = 50;
const delayMaxMs = 2000;

/** Classes of SQLSTATEs (PostgreSQL 18, appendix A) in which statement, data or rights are wrong, now and later. */
const lastingStates = /^(?:0A|21|22|23|42|P0)/;

/**
 * Keeps what a call has brought until Postgres and S3 have taken it: it is paid, and a call that is made again is paid
 * again. Tries for as long as the activity is this worker's; what cannot mend with time is thrown at once.
 *
 * @param store - what may be done twice: a failure does not say whether it took effect
 * @throws what `store` met last
 */
export async function keepUntilStored<T>(store: () => Promise<T>): Promise<T> {
  for (let delayMs = delayFirstMs; ; delayMs = Math.min(delayMs * 2, delayMaxMs)) {
    try {
      return await store();
    } catch (error) {
      if (!mayPass(error) || isTakenAway()) throw error;
      log.warn('an answer is kept until it can be stored', { err: error, nextTryInMs: delayMs });
    }
    await delay(delayMs);
  }
}

/** A full disk is mended by a person, an outage by time; a fault of ours by neither. */
function mayPass(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (isTransient(error) || '$metadata' in error) return true; // the latter is what every failure of S3 has
  return 'code' in error && typeof error.code === 'string' && !lastingStates.test(error.code);
}

/** A pass that has closed still pays for its calls; a worker that ends, or whose time is over, has to let go. */
function isTakenAway(): boolean {
  const details = Context.current().cancellationDetails;
  return details !== undefined && !details.cancelRequested;
}
