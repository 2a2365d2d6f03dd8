import { setTimeout as pass } from 'node:timers/promises';

import {
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import type { ApprovalReply } from '../../domain/approvals/approval-terms.ts';
import type { BudgetLimits, Pattern, Plan, Seat } from '../../domain/collaboration/plan.ts';
import type { Resumption } from '../../domain/ledger/resumption.ts';
import {
  catchUpSignalName,
  searchAttributes,
  updateNames,
  workflowIdOf,
  workflowTaskTimeout,
} from './settings.ts';
import type { UpdateName } from './settings.ts';

/** What the workflow of every pattern is started with. */
export interface WorkflowInput {
  readonly tenantId: string;
  readonly collaborationId: string;
  readonly plan: Plan;
  /** When it was asked for, RFC 3339; where questions were asked with it, whose time runs from then on. */
  readonly createdAt?: string;
  /** Where a run goes on that Temporal had forgotten; the plan's deadline is what is left of it then. */
  readonly resumed?: Resumption;
}

/** What became of a start. */
export type StartOutcome = { readonly kind: 'started' } | Unreachable;

/** What became of a start of a run that Temporal seemed to have forgotten. `known`: it had not, or no longer. */
export type RestoreOutcome = { readonly kind: 'restored' | 'known' } | Unreachable;

/**
 * Where Temporal has a run. `busy`: it has something to do or waits for a call. `awaiting`: it waits for parts alone.
 * `idle`: it waits for a person, or for a time.
 */
export type Presence =
  { readonly kind: 'busy' | 'awaiting' | 'idle' | 'closed' | 'absent' } | Unreachable;

/** The service does not answer. */
export interface Unreachable {
  readonly kind: 'unreachable';
  readonly cause: unknown;
}

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
  readonly updateId: string;
}

/** Starts and steers collaborations as Temporal workflows. No method rejects because the service is away. */
export interface TemporalEngine {
  start(input: WorkflowInput): Promise<StartOutcome>;
  /** Starts a run again that Temporal has forgotten; one that it knows, going on or ended, is left alone. */
  restore(input: WorkflowInput): Promise<RestoreOutcome>;
  presence(run: Pick<UpdateTarget, 'collaborationId' | 'pattern'>): Promise<Presence>;
  /** Tells a run to learn from the ledger what it has forgotten; does nothing where it cannot be told. */
  catchUp(run: Pick<UpdateTarget, 'collaborationId' | 'pattern'>): Promise<void>;
  /** Names the database that Temporal works on: another one after it was lost. Undefined while the service is away. */
  incarnation(): Promise<string | undefined>;
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
  answerApproval(target: UpdateTarget, input: ApprovalReply): Promise<UpdateOutcome>;
}

/** Longest wait for a start; after it the reconciler takes over. */
const START_TIMEOUT_MS = 2000;
/** Longest wait for an update; a worker that restarts takes about a second. */
const UPDATE_TIMEOUT_MS = 10_000;
/** Before an update is sent again that the run had no room for; doubling. */
const TRY_AGAIN_MS = 25;
const TRY_AGAIN_MAX_MS = 400;

/**
 * Makes the engine.
 *
 * @param client - connected to the namespace of the collaborations
 * @param taskQueue - queue of the workers
 */
export function createEngine(client: Client, taskQueue: string): TemporalEngine {
  const inTurn = createTurns();
  const update =
    (name: UpdateName) =>
    async (target: UpdateTarget, input: object): Promise<UpdateOutcome> => {
      const deadline = Date.now() + UPDATE_TIMEOUT_MS;
      return await inTurn(workflowIdOf(target), () =>
        sendUpdate(client, { name, target, input, deadline }),
      );
    };
  return {
    start: async (input) => await startWorkflow(client, taskQueue, input),
    restore: async (input) => await restoreWorkflow(client, taskQueue, input),
    presence: async (run) => await presenceOf(client, run),
    catchUp: async (run) => {
      await tellToCatchUp(client, run);
    },
    incarnation: async () => await incarnationOf(client),
    pause: update('pause'),
    resume: update('resume'),
    cancel: update('cancel'),
    close: update('close'),
    addMessage: update('addMessage'),
    addParticipant: update('addParticipant'),
    raiseBudget: update('raiseBudget'),
    answerApproval: update('answerApproval'),
  };
}

/**
 * One update of a run after the other: a run takes no more than ten at once, and every one of them lengthens the task in
 * which it records the others.
 */
function createTurns(): <T>(run: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (run, work) => {
    const mine = (last.get(run) ?? Promise.resolve()).then(work, work);
    last.set(run, mine);
    try {
      return await mine;
    } finally {
      if (last.get(run) === mine) last.delete(run);
    }
  };
}

async function startWorkflow(
  client: Client,
  taskQueue: string,
  input: WorkflowInput,
): Promise<StartOutcome> {
  try {
    await sendStart(client, taskQueue, { input, whereItGoesOn: 'USE_EXISTING' });
    return { kind: 'started' };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'started' };
    return awayOrThrow(error);
  }
}

async function restoreWorkflow(
  client: Client,
  taskQueue: string,
  input: WorkflowInput,
): Promise<RestoreOutcome> {
  try {
    await sendStart(client, taskQueue, { input, whereItGoesOn: 'FAIL' });
    return { kind: 'restored' };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'known' };
    return awayOrThrow(error);
  }
}

async function sendStart(
  client: Client,
  taskQueue: string,
  { input, whereItGoesOn }: { input: WorkflowInput; whereItGoesOn: 'USE_EXISTING' | 'FAIL' },
): Promise<void> {
  const { plan } = input;
  await client.connection.withDeadline(
    Date.now() + START_TIMEOUT_MS,
    async () =>
      await client.workflow.start(plan.pattern, {
        workflowId: workflowIdOf({ ...input, pattern: plan.pattern }),
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: whereItGoesOn,
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
}

async function presenceOf(
  client: Client,
  run: Pick<UpdateTarget, 'collaborationId' | 'pattern'>,
): Promise<Presence> {
  try {
    const { status, raw } = await client.connection.withDeadline(
      Date.now() + START_TIMEOUT_MS,
      async () => await client.workflow.getHandle(workflowIdOf(run)).describe(),
    );
    if (status.name !== 'RUNNING') return { kind: 'closed' };
    return { kind: kindOf(raw) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'absent' };
    return awayOrThrow(error);
  }
}

type Description = WorkflowExecutionDescription['raw'];

/** The activity in which an analysis waits for a part that it has not started itself. */
const waitForPart = 'awaitPart';

function kindOf({
  pendingActivities,
  pendingChildren,
  pendingWorkflowTask,
}: Description): 'busy' | 'awaiting' | 'idle' {
  const activities = pendingActivities ?? [];
  const waits = activities.filter(({ activityType }) => activityType?.name === waitForPart);
  if (pendingWorkflowTask || waits.length < activities.length) return 'busy';
  return waits.length > 0 || (pendingChildren ?? []).length > 0 ? 'awaiting' : 'idle';
}

async function tellToCatchUp(
  client: Client,
  run: Pick<UpdateTarget, 'collaborationId' | 'pattern'>,
): Promise<void> {
  try {
    await client.connection.withDeadline(Date.now() + START_TIMEOUT_MS, async () => {
      await client.workflow.getHandle(workflowIdOf(run)).signal(catchUpSignalName);
    });
  } catch (error) {
    // It has ended meanwhile, or is told the next time.
    if (!(error instanceof WorkflowNotFoundError)) awayOrThrow(error);
  }
}

async function incarnationOf(client: Client): Promise<string | undefined> {
  try {
    const { namespaceInfo } = await client.connection.withDeadline(
      Date.now() + START_TIMEOUT_MS,
      async () =>
        await client.workflowService.describeNamespace({ namespace: client.options.namespace }),
    );
    return namespaceInfo?.id ?? undefined;
  } catch {
    return undefined; // whoever needs it looks again
  }
}

/**
 * Tells that the service is away.
 *
 * @throws whatever else it is
 */
export function awayOrThrow(error: unknown): Unreachable {
  if (isAway(error)) return { kind: 'unreachable', cause: error };
  throw error;
}

async function sendUpdate(
  client: Client,
  call: { name: UpdateName; target: UpdateTarget; input: object; deadline: number },
): Promise<UpdateOutcome> {
  const { name, target, input, deadline } = call;
  const { updateId } = target;
  const handle = client.workflow.getHandle(workflowIdOf(target));
  for (let delayMs = TRY_AGAIN_MS; ; delayMs = Math.min(2 * delayMs, TRY_AGAIN_MAX_MS)) {
    try {
      const { status } = await client.connection.withDeadline(
        deadline,
        async () =>
          await handle.executeUpdate<{ status: string }, [object]>(updateNames[name], {
            args: [input],
            updateId,
          }),
      );
      return { kind: 'done', status };
    } catch (error) {
      if (!isCrowded(error) || Date.now() + delayMs > deadline) return outcomeOf(error);
    }
    // Not all at the same moment again.
    await pass(delayMs * (0.5 + Math.random()));
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

/** gRPC: cancelled, deadline exceeded, resource exhausted, failed precondition, aborted, unavailable. */
const AWAY_CODES: readonly number[] = [1, 4, 8, 9, 10, 14];

function isAway(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  return AWAY_CODES.includes(codeOf(error) ?? 0);
}

/**
 * A run takes ten updates at a time (resource exhausted), none while a task of it that failed waits for its next try
 * (failed precondition), and those of a task that was lost are sent back (aborted).
 */
const CROWDED_CODES: readonly number[] = [8, 9, 10];

function isCrowded(error: unknown): boolean {
  const isSentBack = String(causeOf(error)).includes('update was aborted');
  return isSentBack || CROWDED_CODES.includes(codeOf(error) ?? 0);
}

function codeOf(error: unknown): number | undefined {
  const cause = causeOf(error);
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

function causeOf(error: unknown): unknown {
  return error instanceof ServiceError ? error.cause : error;
}

/** Says a plan in a few words, for the list of runs in Temporal's own pages. */
function summaryOf(plan: Plan): string {
  const rounds = plan.rounds === 1 ? '1 round' : `${plan.rounds} rounds`;
  return `${plan.pattern}, ${plan.seats.length} seats, ${rounds}`;
}
