import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';

import type { SandboxLane } from '../../domain/sandbox/run.ts';
import { sandboxQueueOf } from '../work-queues.ts';
import { awayOrThrow } from './engine.ts';
import type { Unreachable } from './engine.ts';
import { sandboxWorkflowIdOf, searchAttributes, workflowTaskTimeout } from './settings.ts';

/** What a run in a sandbox is started with. */
export interface SandboxStart {
  readonly tenantId: string;
  readonly runId: string;
  readonly lane: SandboxLane;
  /** Longest that its program may take, milliseconds; copies before and changes after it may take as long each. */
  readonly timeMs: number;
}

/** What became of a start. `closed`: its workflow has ended before. */
export type SandboxStartOutcome = { readonly kind: 'started' | 'closed' } | Unreachable;

/** Starts and cancels runs in a sandbox as Temporal workflows. No method rejects because the service is away. */
export interface SandboxEngine {
  /** Starts a run; starting twice is starting once. */
  start(run: SandboxStart): Promise<SandboxStartOutcome>;
  /** Cancels a run, wherever it is; does nothing to one that has ended. */
  cancel(runId: string): Promise<{ readonly kind: 'done' } | Unreachable>;
}

/** Longest wait for an answer; after it whoever looks after open runs tries again. */
const answerWithinMs = 2000;

/**
 * Makes the engine.
 *
 * @param client - connected to the namespace of the runs
 * @param taskQueue - queue of the workers of workflows
 */
export function createSandboxEngine(client: Client, taskQueue: string): SandboxEngine {
  const within = async <T>(work: () => Promise<T>): Promise<T> =>
    await client.connection.withDeadline(Date.now() + answerWithinMs, work);
  return {
    start: async (run) => {
      try {
        await within(() => sendStart(client, taskQueue, run));
        return { kind: 'started' };
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'closed' };
        return awayOrThrow(error);
      }
    },
    cancel: async (runId) => {
      try {
        await within(() => client.workflow.getHandle(sandboxWorkflowIdOf(runId)).cancel());
        return { kind: 'done' };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { kind: 'done' };
        return awayOrThrow(error);
      }
    },
  };
}

async function sendStart(client: Client, taskQueue: string, run: SandboxStart): Promise<void> {
  const { tenantId, runId, lane, timeMs } = run;
  await client.workflow.start('sandboxRun', {
    workflowId: sandboxWorkflowIdOf(runId),
    taskQueue,
    args: [{ tenantId, runId, timeMs, queue: sandboxQueueOf(taskQueue, lane) }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowTaskTimeout,
    staticSummary: lane === 'command' ? 'a command' : `a snippet of ${lane}`,
    typedSearchAttributes: [
      { key: searchAttributes.tenantId, value: tenantId },
      { key: searchAttributes.pattern, value: 'sandbox' },
      // No status of ours: Temporal's UI would show it instead of its own, also when the run has ended.
    ],
    priority: { fairnessKey: tenantId },
  });
}
