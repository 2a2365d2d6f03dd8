import type { WorkerOptions } from '@temporalio/worker';

/**
 * How a worker of the queue `collaborations` runs. Its activities wait for others nearly all the time, so it takes many;
 * workflow tasks take milliseconds. Figures and how they were found: docs/performance.md.
 */
export const workerOptions = {
  maxConcurrentActivityTaskExecutions: 400,
  maxConcurrentLocalActivityExecutions: 200,
  // They share one thread, and each must be answered within a second (see infra/temporal/settings.ts): tasks that have
  // no turn yet wait at the server, where no clock runs. With 40 a full machine let nearly every task time out.
  maxConcurrentWorkflowTaskExecutions: 8,
  // A whole panel starts with the answer to one workflow task, without a way through the server.
  maxEagerActivityReservationsPerWorkflowTask: 50,
  maxCachedWorkflows: 1000,
  // A task for a dead worker's sticky queue goes to the others after this time, when nobody reset the queue before. On a
  // full machine tasks wait here for longer than a second, and one that is taken elsewhere replays its whole history.
  stickyQueueScheduleToStartTimeout: '5 seconds',
  // Bounds how late a call hears of its cancellation when the database could not tell it.
  maxHeartbeatThrottleInterval: '2 seconds',
  defaultHeartbeatThrottleInterval: '2 seconds',
  shutdownGraceTime: '2 seconds',
  shutdownForceTime: '4 seconds',
} as const satisfies Partial<WorkerOptions>;

/** However few cores there are: a run that waits holds up nobody. */
const runsMin = 4;

/**
 * How a worker of the queues `sandbox` and `commands` runs: what it does takes a processor, so it takes few at a time and
 * leaves the rest to others, where they wait fairly.
 *
 * @param cores - of this machine
 */
export function processorBoundOptions(cores: number): Partial<WorkerOptions> {
  return {
    maxConcurrentActivityTaskExecutions: Math.max(runsMin, 2 * cores),
    maxConcurrentActivityTaskPolls: 2,
    // A cancellation comes by the database; this is the net below that.
    maxHeartbeatThrottleInterval: '2 seconds',
    defaultHeartbeatThrottleInterval: '2 seconds',
    shutdownGraceTime: '2 seconds',
    shutdownForceTime: '4 seconds',
  };
}
