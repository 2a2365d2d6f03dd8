import {
  ActivityNotFoundError,
  isGrpcServiceError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

import type { FailureType } from '../domain/failures.ts';
import { workflowTaskToken } from '../infra/temporal/workflow-task-token.ts';

/** A run of which a dead worker may have had something in its hands. */
export interface DeadHands {
  readonly workflowId: string;
  /** The worker that died. */
  readonly workerId: string;
  /** Whether the run's next workflow task may wait for the dead worker alone. */
  readonly isSticky: boolean;
}

/** `PendingActivityState` of a call that a worker has: started, or started and to be cancelled. */
const takenStates: readonly number[] = [2, 3];

/** `PendingWorkflowTaskState` of a workflow task that a worker has: started. */
const taskTaken = 2;

/** What a run has under way, as Temporal tells it. */
type UnderWay = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;

/**
 * Fails what the dead worker had taken of a run, so that it is done again at once: its calls, and the workflow task that
 * was under way; and takes the run off its sticky queue.
 *
 * What the worker noted is not enough to fail a call: Temporal may have forgotten, and then the same call, under the same
 * name, is in the hands of somebody who is alive. So Temporal is asked who has it.
 *
 * @returns how many calls there were
 */
export async function handOverRun(client: Client, hands: DeadHands): Promise<number> {
  const underWay = await describe(client, hands.workflowId);
  const calls = callsOf(underWay, hands.workerId);
  await Promise.all(
    calls.map(async (activityId) => {
      await failCall(client, hands, activityId);
    }),
  );
  const task = underWay?.pendingWorkflowTask;
  const hasTask = Number(task?.state) === taskTaken;
  if (hands.isSticky || calls.length > 0) await unstick(client, hands.workflowId);
  const runId = underWay?.workflowExecutionInfo?.execution?.runId;
  if (hasTask && runId) await failTask(client, { ...hands, runId });
  return calls.length;
}

async function describe(client: Client, workflowId: string): Promise<UnderWay | undefined> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw;
  } catch (error) {
    // It was stored and has not been started yet, or Temporal has lost it.
    if (error instanceof WorkflowNotFoundError || error instanceof NamespaceNotFoundError) {
      return undefined;
    }
    throw error;
  }
}

function callsOf(underWay: UnderWay | undefined, workerId: string): readonly string[] {
  return (underWay?.pendingActivities ?? []).flatMap(({ activityId, lastWorkerIdentity, state }) =>
    lastWorkerIdentity === workerId && takenStates.includes(state ?? 0) && activityId
      ? [activityId]
      : [],
  );
}

async function failCall(
  client: Client,
  { workflowId }: DeadHands,
  activityId: string,
): Promise<void> {
  const type: FailureType = 'worker-lost';
  const failure = ApplicationFailure.create({
    type,
    message: 'the worker that made this call has died',
    nonRetryable: false,
    nextRetryDelay: 1,
  });
  await client.activity.fail({ workflowId, activityId }, failure).catch((error: unknown) => {
    // Its result has reached Temporal, or the run has ended: there is nothing to hand over.
    if (!(error instanceof ActivityNotFoundError)) throw error;
  });
}

async function unstick(client: Client, workflowId: string): Promise<void> {
  await client.workflowService
    .resetStickyTaskQueue({
      namespace: client.options.namespace,
      execution: { workflowId },
    })
    // A run that has ended needs no worker.
    .catch(() => undefined);
}

/**
 * Fails the workflow task under way, if it is the dead worker's and its first try: later ones are not in the history. The
 * server takes the run off its sticky queue then, too. Where it cannot be done, the task's time-out does the same, later.
 */
async function failTask(
  client: Client,
  { workflowId, runId, workerId }: DeadHands & { readonly runId: string },
): Promise<void> {
  const { workflowService: service } = client;
  const { namespace } = client.options;
  try {
    const [{ history }, { namespaceInfo }] = await Promise.all([
      service.getWorkflowExecutionHistoryReverse({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      }),
      service.describeNamespace({ namespace }),
    ]);
    const [last] = history?.events ?? [];
    const started = last?.workflowTaskStartedEventAttributes;
    if (started?.identity !== workerId) return;
    await service.respondWorkflowTaskFailed({
      namespace,
      taskToken: workflowTaskToken({
        namespaceId: namespaceInfo?.id ?? '',
        workflowId,
        runId,
        scheduledEventId: Number(started.scheduledEventId),
        startedEventId: Number(last?.eventId),
        attempt: 1,
      }),
      failure: { message: 'the worker that had this task has died' },
      identity: workerId,
    });
  } catch (error) {
    // It ended meanwhile, or this server's tokens are others: the time-out comes in any case.
    if (!isGrpcServiceError(error)) throw error;
  }
}
