import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';

import type { Activities, SandboxActivities, SandboxRunRef } from '../activities/activities.ts';
import type { SandboxRunEnd } from '../domain/sandbox/run-fact.ts';

/** What a run in a sandbox is started with; the rest of the request is an artifact. */
export interface SandboxRunInput extends SandboxRunRef {
  /** Queue of the workers that take it. */
  readonly queue: string;
  /** Longest that its program may take, milliseconds. */
  readonly timeMs: number;
}

/** The program, and as long each for what its sandbox does before and after it. */
const phases = 3;
/** For what is around the run itself: fetching the request, a backend that warms up, an artifact store that was away. */
const aroundMs = 10 * 60_000;

const { recordSandboxEnd } = proxyLocalActivities<Pick<Activities, 'recordSandboxEnd'>>({
  startToCloseTimeout: '20 seconds',
  localRetryThreshold: '1 second',
  retry: {
    initialInterval: '100 milliseconds',
    maximumInterval: '5 seconds',
    maximumAttempts: 100_000,
  },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * Runs code in a sandbox. That it was asked for is recorded when it is accepted; what came of it, by the activity that runs
 * it, in one step with the result; here, only the end of a run that came to none.
 *
 * @param input - which run, and where
 * @returns what came of it
 */
export async function sandboxRun(input: SandboxRunInput): Promise<SandboxRunEnd> {
  const { tenantId, runId } = input;
  try {
    return await runnerOf(input).runInSandbox({ tenantId, runId });
  } catch (error) {
    const end = endWithoutResult(error);
    return await CancellationScope.nonCancellable(() =>
      recordSandboxEnd({ tenantId, runId, ...end }),
    );
  }
}

/** The sandbox retries what is its own fault; what the code did is a result. A killed worker's run is handed over at once (workers/takeover.ts). */
function runnerOf({ queue, timeMs }: SandboxRunInput): SandboxActivities {
  return proxyActivities<SandboxActivities>({
    taskQueue: queue,
    startToCloseTimeout: phases * timeMs + aroundMs,
    heartbeatTimeout: '10 seconds',
    retry: {
      initialInterval: '200 milliseconds',
      backoffCoefficient: 2,
      maximumInterval: '10 seconds',
      maximumAttempts: 6,
    },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

function endWithoutResult(error: unknown): { status: 'killed' | 'failed'; reason: string } {
  if (isCancellation(error)) return { status: 'killed', reason: 'cancelled before it began' };
  if (!(error instanceof ActivityFailure)) throw error;
  const { cause } = error;
  return {
    status: 'failed',
    reason: `no try came to a result: ${cause?.message ?? error.message}`,
  };
}
