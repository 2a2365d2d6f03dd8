import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import type { BudgetLimits, Pattern, Plan, Seat } from '../../domain/collaboration/plan.ts';
import { searchAttributes, updateNames, workflowIdOf, workflowTaskTimeout } from './settings.ts';
import type { UpdateName } from './settings.ts';

/** What the workflow of every pattern is started with. */
export interface WorkflowInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly plan: Plan;
}

/** What became of a start. */
export type StartOutcome =
  { readonly kind: 'started' } | { readonly kind: 'unreachable'; readonly cause: unknown };

/** What became of an update. */
export type UpdateOutcome =
  | { readonly kind: 'done'; readonly status: string }
  /** The run said no; `type` is one of `domain/failures.ts`. */
  | { readonly kind: 'refused'; readonly type: string; readonly message: string }
  /** There is no such run any more. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'unreachable'; readonly cause: unknown };

/** Which run an update goes to. */
export interface UpdateTarget {
  readonly collaborationId: string;
  readonly pattern: Pattern;
  /** The same id is done once; `undefined` makes every call a new update. */
  readonly updateId: string | undefined;
}

/** Starts and steers collaborations as Temporal workflows. No method rejects because the service is away. */
export interface TemporalEngine {
  start(input: WorkflowInput): Promise<StartOutcome>;
  pause(target: UpdateTarget, input: { by: string }): Promise<UpdateOutcome>;
  resume(target: UpdateTarget, input: { by: string }): Promise<UpdateOutcome>;
  cancel(target: UpdateTarget, input: { by: string; reason: string }): Promise<UpdateOutcome>;
  close(
    target: UpdateTarget,
    input: { by: string; scope: 'round' | 'run' },
  ): Promise<UpdateOutcome>;
  addMessage(
    target: UpdateTarget,
    input: { by: string; messageId: string },
  ): Promise<UpdateOutcome>;
  addParticipant(target: UpdateTarget, input: { by: string; seat: Seat }): Promise<UpdateOutcome>;
  raiseBudget(
    target: UpdateTarget,
    input: { by: string; budget: BudgetLimits },
  ): Promise<UpdateOutcome>;
}

/** Longest wait for a start; after it the reconciler takes over. */
const START_TIMEOUT_MS = 2000;
/** Longest wait for an update; a worker that restarts takes about a second. */
const UPDATE_TIMEOUT_MS = 10_000;

/**
 * Makes the engine.
 *
 * @param client - connected to the namespace of the collaborations
 * @param taskQueue - queue of the workers
 */
export function createEngine(client: Client, taskQueue: string): TemporalEngine {
  const update =
    (name: UpdateName) =>
    async (target: UpdateTarget, input: object): Promise<UpdateOutcome> =>
      await sendUpdate(client, { name, target, input });
  return {
    start: async (input) => await startWorkflow(client, taskQueue, input),
    pause: update('pause'),
    resume: update('resume'),
    cancel: update('cancel'),
    close: update('close'),
    addMessage: update('addMessage'),
    addParticipant: update('addParticipant'),
    raiseBudget: update('raiseBudget'),
  };
}

async function startWorkflow(
  client: Client,
  taskQueue: string,
  input: WorkflowInput,
): Promise<StartOutcome> {
  const { plan } = input;
  try {
    await client.connection.withDeadline(
      Date.now() + START_TIMEOUT_MS,
      async () =>
        await client.workflow.start(plan.pattern, {
          workflowId: workflowIdOf({ ...input, pattern: plan.pattern }),
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowTaskTimeout,
          staticSummary: summaryOf(plan), // figures only: a history holds no text of a question
          typedSearchAttributes: [
            { key: searchAttributes.tenantId, value: input.tenantId },
            { key: searchAttributes.pattern, value: plan.pattern },
            { key: searchAttributes.status, value: 'running' },
          ],
          priority: { fairnessKey: input.tenantId },
        }),
    );
    return { kind: 'started' };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'started' };
    if (isAway(error)) return { kind: 'unreachable', cause: error };
    throw error;
  }
}

async function sendUpdate(
  client: Client,
  call: { name: UpdateName; target: UpdateTarget; input: object },
): Promise<UpdateOutcome> {
  const { name, target, input } = call;
  try {
    const handle = client.workflow.getHandle(workflowIdOf(target));
    const { status } = await client.connection.withDeadline(
      Date.now() + UPDATE_TIMEOUT_MS,
      async () =>
        await handle.executeUpdate<{ status: string }, [object]>(updateNames[name], {
          args: [input],
          ...(target.updateId === undefined ? {} : { updateId: target.updateId }),
        }),
    );
    return { kind: 'done', status };
  } catch (error) {
    return outcomeOf(error);
  }
}

function outcomeOf(error: unknown): UpdateOutcome {
  if (error instanceof WorkflowNotFoundError) return { kind: 'ended' };
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) throw error;
    // The server's own refusal when the run completes while the update waits.
    if (cause.type === 'AcceptedUpdateCompletedWorkflow') return { kind: 'ended' };
    return { kind: 'refused', type: cause.type ?? '', message: cause.message };
  }
  if (isAway(error)) return { kind: 'unreachable', cause: error };
  throw error;
}

/** gRPC: cancelled, deadline exceeded, resource exhausted, aborted, unavailable. */
const AWAY_CODES: readonly number[] = [1, 4, 8, 10, 14];

function isAway(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && AWAY_CODES.includes(cause.code);
}

/** Says a plan in a few words, for the list of runs in Temporal's own pages. */
function summaryOf(plan: Plan): string {
  const rounds = plan.rounds === 1 ? '1 round' : `${plan.rounds} rounds`;
  return `${plan.pattern}, ${plan.seats.length} seats, ${rounds}`;
}
