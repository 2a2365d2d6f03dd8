import type { SandboxLane } from '../domain/sandbox/run.ts';

/** Kinds of work, each with a queue of its own: workflows and calls, snippets, commands. */
export const workQueues = ['collaborations', 'sandbox', 'commands'] as const;

/** See {@link workQueues}. */
export type WorkQueue = (typeof workQueues)[number];

/**
 * Names a queue on Temporal: installations that share a namespace under task queues of their own share none.
 *
 * @param taskQueue - queue of the workflows, as configured
 * @param queue - what it is for
 */
export function queueNamed(taskQueue: string, queue: WorkQueue): string {
  if (queue === 'collaborations') return taskQueue;
  return taskQueue === 'collaborations' ? queue : `${taskQueue}-${queue}`;
}

/**
 * Names the queue whose workers take runs of a lane.
 *
 * @param taskQueue - queue of the workflows, as configured
 * @param lane - of the run
 */
export function sandboxQueueOf(taskQueue: string, lane: SandboxLane): string {
  return queueNamed(taskQueue, lane === 'command' ? 'commands' : 'sandbox');
}
