import type { Client } from '@temporalio/client';

/** Longest that Temporal keeps one that nobody ran. */
const workflowRunTimeout = '10 seconds';

/**
 * Runs a workflow that does nothing, here: the first workflow that a worker runs waits for its thread to read the bundle, which
 * for somebody's collaboration could take longer than a workflow task may.
 *
 * @param client - over the same connection as the worker: so Temporal gives the task back to it, at once
 * @param worker - that runs it
 * @param worker.workerId - its name among workers
 * @param worker.taskQueue - from which it takes workflows
 * @returns when it has run
 * @throws Error when Temporal is away
 */
export async function rehearse(
  client: Client,
  { workerId, taskQueue }: { readonly workerId: string; readonly taskQueue: string },
): Promise<void> {
  await client.workflow.execute('rehearsal', {
    workflowId: `rehearsal/${workerId}`,
    taskQueue,
    requestEagerStart: true,
    workflowRunTimeout,
    staticSummary: 'a worker makes itself ready',
  });
}
