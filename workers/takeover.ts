import { ActivityNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';

import type { FailureType } from '../domain/failures.ts';
import type { OpenSandboxRun, SandboxRunStore } from '../infra/stores/sandbox-run-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { WorkerRegistry } from '../infra/stores/worker-registry.ts';
import { sandboxWorkflowIdOf, workflowIdOf } from '../infra/temporal/settings.ts';

/** What a takeover needs. */
export interface TakeoverDeps {
  readonly registry: Pick<WorkerRegistry, 'deadWorkers' | 'claimDead' | 'forget'>;
  readonly turns: Pick<TurnStore, 'inFlightOf' | 'openRuns'>;
  readonly sandboxRuns: Pick<SandboxRunStore, 'open'>;
  readonly client: Client;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** A watch over the other workers. */
export interface Takeover {
  /** Ends the watch, once what it is doing is done. */
  stop(): Promise<void>;
}

/** How often the others are looked at: a lock that has fallen is seen this late at most. */
const lookMs = 100;

/** `PendingActivityState` of a call that a worker has: started, or started and to be cancelled. */
const takenStates: readonly number[] = [2, 3];

/** Open runs that are read at a time. */
const openRunsPage = 200;

/** Requests to Temporal at a time. */
const requestsAtOnce = 20;

/**
 * Watches the other workers, and hands over what a dead one was doing: its calls fail at once and are made again by
 * whoever is alive, and its runs are taken off its sticky queue.
 *
 * By itself Temporal notices a dead worker only by its time-outs.
 */
export function watchWorkers(deps: TakeoverDeps): Takeover {
  let isStopped = false;
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const look = (): void => {
    looking = lookOnce(deps)
      .catch((error: unknown) => {
        deps.log.warn({ err: error }, 'looking for dead workers failed');
      })
      .then(() => {
        if (!isStopped) timer = setTimeout(look, lookMs);
      });
  };
  look();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

async function lookOnce(deps: TakeoverDeps): Promise<void> {
  for (const workerId of await deps.registry.deadWorkers()) {
    if (await deps.registry.claimDead(workerId)) await takeOver(deps, workerId);
  }
}

/** First the runs whose calls the dead worker had noted; then all others, of which only Temporal knows what it had taken. */
async function takeOver(deps: TakeoverDeps, workerId: string): Promise<void> {
  const { client } = deps;
  const noted = new Set((await deps.turns.inFlightOf(workerId)).map((turn) => turn.workflowId));
  const known = await inPortions([...noted], async (workflowId) => {
    const calls = await handOverCalls(client, workflowId, workerId);
    await unstick(client, workflowId);
    return calls;
  });
  const others = (await deps.turns.openRuns())
    .map((run) => ({ ...run, workflowId: workflowIdOf(run) }))
    .filter(({ workflowId }) => !noted.has(workflowId));
  const unknown = await inPortions(others, async (run) => {
    const calls = await handOverCalls(client, run.workflowId, workerId);
    const mayBeSticky = calls > 0 || run.workerId === workerId || run.workerId === null;
    if (mayBeSticky) await unstick(client, run.workflowId);
    return calls;
  });
  const inSandbox = await takeOverSandbox(deps, workerId);
  await deps.registry.forget(workerId);
  const counted = { runs: noted.size, calls: sum(known), unnoted: sum(unknown), inSandbox };
  deps.log.info({ workerId, ...counted }, 'took over from a dead worker');
}

/** What the dead worker ran in its sandbox died with it, and is run again; answers how many there were. */
async function takeOverSandbox(
  { client, sandboxRuns }: TakeoverDeps,
  workerId: string,
): Promise<number> {
  const counts: number[] = [];
  let page: readonly OpenSandboxRun[] = [];
  do {
    page = await sandboxRuns.open(page.at(-1), openRunsPage);
    const handed = await inPortions(page, async ({ runId, ...run }) => {
      const workflowId = sandboxWorkflowIdOf(runId);
      const mayHaveIt = run.workerId === null || run.workerId === workerId;
      const calls = mayHaveIt ? await handOverCalls(client, workflowId, workerId) : 0;
      await unstick(client, workflowId);
      return calls;
    });
    counts.push(...handed);
  } while (page.length === openRunsPage);
  return sum(counts);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

async function inPortions<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += requestsAtOnce) {
    results.push(...(await Promise.all(items.slice(start, start + requestsAtOnce).map(work))));
  }
  return results;
}

/**
 * Fails the calls of a run that the dead worker had taken, so that they are made again.
 *
 * What the worker noted is not enough to fail a call: Temporal may have forgotten, and then the same call, under the same
 * name, is in the hands of somebody who is alive. So Temporal is asked who has it.
 *
 * @returns how many there were
 */
async function handOverCalls(
  client: Client,
  workflowId: string,
  workerId: string,
): Promise<number> {
  const taken = await takenBy(client, workflowId, workerId);
  await Promise.all(
    taken.map(async (activityId) => {
      await handOver(client, { workflowId, activityId });
    }),
  );
  return taken.length;
}

async function takenBy(
  client: Client,
  workflowId: string,
  workerId: string,
): Promise<readonly string[]> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return (raw.pendingActivities ?? []).flatMap(({ activityId, lastWorkerIdentity, state }) => {
      const isTaken = lastWorkerIdentity === workerId && takenStates.includes(state ?? 0);
      return isTaken && activityId ? [activityId] : [];
    });
  } catch (error) {
    // It was stored and has not been started yet, or Temporal has lost it.
    if (error instanceof WorkflowNotFoundError || error instanceof NamespaceNotFoundError) {
      return [];
    }
    throw error;
  }
}

async function handOver(
  client: Client,
  call: { readonly workflowId: string; readonly activityId: string },
): Promise<void> {
  const type: FailureType = 'worker-lost';
  const failure = ApplicationFailure.create({
    type,
    message: 'the worker that made this call has died',
    nonRetryable: false,
    nextRetryDelay: 1,
  });
  await client.activity.fail(call, failure).catch((error: unknown) => {
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
