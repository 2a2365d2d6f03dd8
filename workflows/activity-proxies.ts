import {
  ActivityCancellationType,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';

import type { Activities } from '../activities/activities.ts';

/**
 * Longest turn, milliseconds: four calls of a program at their longest (see `commandTimeMsMax`) take 84 minutes. It may be long,
 * for a worker that is gone is noticed by the heartbeat.
 */
export const turnTimeMs = 90 * 60_000;

/**
 * Model calls. A killed worker's calls are handed over at once by the survivors (see workers/takeover.ts); the
 * heartbeat is the net below that. The activity itself gives up on a failing provider long before the last attempt:
 * the many attempts are for waiting on a provider's limits.
 */
export const { askAgent } = proxyActivities<Pick<Activities, 'askAgent'>>({
  startToCloseTimeout: turnTimeMs,
  heartbeatTimeout: '10 seconds',
  retry: {
    initialInterval: '200 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    maximumAttempts: 1000,
  },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * Waits for a part whose workflow this one has not started, or that broke. Each try is one look: a wait between two of them
 * takes no worker's place and leaves nothing in the history. An end is seen at most ten seconds late. A part may go on for
 * longer than all these tries last, about four months: then it is waited for again.
 */
export const { awaitPart } = proxyActivities<Pick<Activities, 'awaitPart'>>({
  startToCloseTimeout: '20 seconds',
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
    maximumAttempts: 1_000_000,
  },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * Database steps of milliseconds: local activities, a marker each and no round trip. While Postgres or S3 is away they
 * are tried again for as long as it takes; after a second of that they wait on timers, so that the run stays responsive.
 */
export const {
  recordFacts,
  sealDecision,
  openPart,
  awaitPart: readEndedPart,
} = proxyLocalActivities<
  Pick<Activities, 'recordFacts' | 'sealDecision' | 'openPart' | 'awaitPart'>
>({
  startToCloseTimeout: '20 seconds',
  localRetryThreshold: '1 second',
  retry: {
    initialInterval: '100 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '5 seconds',
    maximumAttempts: 100_000,
  },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
