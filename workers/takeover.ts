import { ActivityNotFoundError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

import type { FailureType } from '../domain/failures.ts';
import type { TurnInFlight, TurnStore } from '../infra/stores/turn-store.ts';
import type { WorkerRegistry } from '../infra/stores/worker-registry.ts';

/** What a takeover needs. */
export interface TakeoverDeps {
  readonly registry: Pick<WorkerRegistry, 'deadWorkers' | 'claimDead' | 'forget'>;
  readonly turns: Pick<TurnStore, 'inFlightOf'>;
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

/** Calls handed over at a time. */
const handOversAtOnce = 20;

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

async function takeOver(deps: TakeoverDeps, workerId: string): Promise<void> {
  const turns = await deps.turns.inFlightOf(workerId);
  for (let start = 0; start < turns.length; start += handOversAtOnce) {
    const some = turns.slice(start, start + handOversAtOnce);
    await Promise.all(some.map((turn) => handOver(deps.client, turn)));
  }
  const runs = new Map(turns.map((turn) => [`${turn.workflowId}/${turn.runId}`, turn]));
  await Promise.all([...runs.values()].map((turn) => unstick(deps.client, turn)));
  await deps.registry.forget(workerId);
  deps.log.info({ workerId, turns: turns.length, runs: runs.size }, 'took over from a dead worker');
}

async function handOver(client: Client, turn: TurnInFlight): Promise<void> {
  const type: FailureType = 'provider-unavailable';
  const failure = ApplicationFailure.create({
    type,
    message: 'the worker that made this call has died',
    nonRetryable: false,
    nextRetryDelay: 1,
  });
  await client.activity.fail(turn.taskToken, failure).catch((error: unknown) => {
    // Its result had reached Temporal, or the run has ended: there is nothing to hand over.
    if (!(error instanceof ActivityNotFoundError)) throw error;
  });
}

async function unstick(client: Client, { workflowId, runId }: TurnInFlight): Promise<void> {
  await client.workflowService
    .resetStickyTaskQueue({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
    })
    // A run that has ended needs no worker.
    .catch(() => undefined);
}
