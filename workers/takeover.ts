import type { Client } from '@temporalio/client';

import type { OpenSandboxRun, SandboxRunStore } from '../infra/stores/sandbox-run-store.ts';
import type { TurnStore } from '../infra/stores/turn-store.ts';
import type { WorkerRegistry } from '../infra/stores/worker-registry.ts';
import { sandboxWorkflowIdOf, workflowIdOf } from '../infra/temporal/settings.ts';
import { handOverRun } from './run-handover.ts';

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
  /** Resolves when the others were looked at once, and what was found dead is handed over. */
  readonly looked: Promise<void>;
  /** Ends the watch, once what it is doing is done. */
  stop(): Promise<void>;
}

/** How often the others are looked at: a lock that has fallen is seen this late at most. */
const lookMs = 50;

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
    looked: looking,
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
  const known = await inPortions(
    [...noted],
    async (workflowId) => await handOverRun(client, { workflowId, workerId, isSticky: true }),
  );
  const others = (await deps.turns.openRuns())
    .map((run) => ({ ...run, workflowId: workflowIdOf(run) }))
    .filter(({ workflowId }) => !noted.has(workflowId));
  const unknown = await inPortions(others, async (run) => {
    const isSticky = run.workerId === workerId || run.workerId === null;
    return await handOverRun(client, { workflowId: run.workflowId, workerId, isSticky });
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
    const handed = await inPortions(page, async ({ runId }) => {
      // Who runs it is not who had its workflow.
      const hands = { workflowId: sandboxWorkflowIdOf(runId), workerId, isSticky: true };
      return await handOverRun(client, hands);
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
