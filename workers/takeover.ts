import { ActivityNotFoundError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';

import type { FailureType } from '../domain/failures.ts';
import type { OpenRun, TurnInFlight, TurnStore } from '../infra/stores/turn-store.ts';
import type { WorkerRegistry } from '../infra/stores/worker-registry.ts';
import { workflowIdOf } from '../infra/temporal/settings.ts';

/** What a takeover needs. */
export interface TakeoverDeps {
  readonly registry: Pick<WorkerRegistry, 'deadWorkers' | 'claimDead' | 'forget'>;
  readonly turns: Pick<TurnStore, 'inFlightOf' | 'openRuns'>;
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

/** First what is known for certain, at once; then what the dead worker had taken and not noted anywhere yet. */
async function takeOver(deps: TakeoverDeps, workerId: string): Promise<void> {
  const { client } = deps;
  const turns = await deps.turns.inFlightOf(workerId);
  await inPortions(turns, async (turn) => {
    await handOver(client, turn.taskToken);
  });
  const runs = new Map(turns.map((turn) => [turn.workflowId, turn]));
  await inPortions([...runs.values()], async (run) => {
    await unstick(client, run);
  });
  const open = await deps.turns.openRuns();
  const unnoted = await inPortions(
    open,
    async (run) => await handOverUnnoted(client, run, workerId),
  );
  await deps.registry.forget(workerId);
  const calls = unnoted.reduce((sum, count) => sum + count, 0);
  deps.log.info(
    { workerId, turns: turns.length, runs: runs.size, unnoted: calls },
    'took over from a dead worker',
  );
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

async function handOver(
  client: Client,
  call: Uint8Array | { workflowId: string; activityId: string },
): Promise<void> {
  const type: FailureType = 'worker-lost';
  const failure = ApplicationFailure.create({
    type,
    message: 'the worker that made this call has died',
    nonRetryable: false,
    nextRetryDelay: 1,
  });
  // One signature for each way to name an activity.
  const failed =
    call instanceof Uint8Array
      ? client.activity.fail(call, failure)
      : client.activity.fail(call, failure);
  await failed.catch((error: unknown) => {
    // Its result had reached Temporal, or the run has ended, or the token is of a database that Temporal has lost: there
    // is nothing to hand over.
    const isGone =
      error instanceof ActivityNotFoundError || error instanceof NamespaceNotFoundError;
    if (!isGone) throw error;
  });
}

/**
 * Hands over the calls of a run that the dead worker had taken without having begun them: only Temporal knows of them.
 *
 * @returns how many there were
 */
async function handOverUnnoted(client: Client, run: OpenRun, workerId: string): Promise<number> {
  const workflowId = workflowIdOf(run);
  const taken = await takenBy(client, workflowId, workerId);
  await Promise.all(
    taken.map(async (activityId) => {
      await handOver(client, { workflowId, activityId });
    }),
  );
  if (taken.length > 0 || run.workerId === workerId || run.workerId === null) {
    await unstick(client, { workflowId });
  }
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
    if (error instanceof WorkflowNotFoundError) return []; // it was stored and has not been started yet
    throw error;
  }
}

async function unstick(
  client: Client,
  { workflowId, runId }: Pick<TurnInFlight, 'workflowId'> & Partial<Pick<TurnInFlight, 'runId'>>,
): Promise<void> {
  await client.workflowService
    .resetStickyTaskQueue({
      namespace: client.options.namespace,
      execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
    })
    // A run that has ended needs no worker.
    .catch(() => undefined);
}
