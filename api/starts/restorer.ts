import { setTimeout as pass } from 'node:timers/promises';

import type { Plan } from '../../domain/collaboration/plan.ts';
import type { Collaboration, RunUnderWay } from '../../infra/stores/collaboration-store.ts';
import { isEnded } from '../collaboration-status.ts';
import type { Metrics } from '../metrics.ts';
import type { Presence, RestoreOutcome } from '../ports.ts';
import { lookRepeatedly, sweepingLook, type RepeatedLook } from '../repeated-look.ts';
import { readResumption, type WorkflowDeps } from './start.ts';

/** What it takes to bring forgotten runs back. */
export type RestoreDeps = WorkflowDeps;

const restMs = {
  /** Once more soon: a run may seem busy with a call that nobody makes any more, until its heartbeat is missed. */
  afterLoss: 20_000,
  /** However quiet it is: a backup that was put back while nobody looked. */
  usual: 600_000,
};
const PAGE_RUNS = 100;
/** Most runs that are looked at at once; with the pause after each page, a few hundred a second. */
const TOGETHER = 4;
const PAGE_PAUSE_MS = 250;

/**
 * Starts runs again, from the ledger, that Temporal has forgotten, and tells those that it remembers too old to catch
 * up. It goes through all runs under way as soon as Temporal answers for the first time, answers again, or has got
 * another database, once more soon after, and then every ten minutes. Several processes may do so at once. See docs/decisions/0014.
 *
 * @param deps - the same as the API's
 * @param metrics - counts what was restored
 * @param pace - how many runs are read at once, and how long to wait after so many, milliseconds
 */
export function createRestorer(
  deps: RestoreDeps,
  metrics: Pick<Metrics, 'starts'>,
  pace = { pageRuns: PAGE_RUNS, pauseMs: PAGE_PAUSE_MS },
): RepeatedLook {
  const look = sweepingLook(deps, {
    restMs,
    sweep: async (isAfterLoss, signal) =>
      await sweep(deps, metrics, { ...pace, isAfterLoss, signal }),
  });
  return lookRepeatedly(look, (err) => {
    deps.log.warn({ err }, 'runs under way could not be looked at');
  });
}

interface Course {
  readonly pageRuns: number;
  readonly pauseMs: number;
  /** Whether Temporal answers for the first time, again, or with another database. */
  readonly isAfterLoss: boolean;
  readonly signal: AbortSignal;
}

/** Goes through all runs under way; answers whether it came to the end. */
async function sweep(
  deps: RestoreDeps,
  metrics: Pick<Metrics, 'starts'>,
  { pageRuns, pauseMs, isAfterLoss, signal }: Course,
): Promise<boolean> {
  const counts = { looked: 0, restored: 0 };
  let page: readonly RunUnderWay[] = [];
  do {
    if (page.length > 0) await pass(pauseMs, undefined, { signal, ref: false }).catch(() => null);
    page = await deps.collaborations.underWay(page.at(-1), pageRuns);
    for (let at = 0; at < page.length; at += TOGETHER) {
      if (signal.aborted) return false;
      const portion = page.slice(at, at + TOGETHER);
      const results = await Promise.all(
        portion.map((run) => lookAfter(deps, metrics, { run, isAfterLoss })),
      );
      if (results.includes('unreachable')) return false;
      counts.looked += portion.length;
      counts.restored += results.filter((result) => result === 'restored').length;
    }
  } while (page.length === pageRuns);
  deps.log.info(counts, 'runs under way were looked at');
  return true;
}

/** One that cannot be brought back must not hold up the others. */
async function lookAfter(
  deps: RestoreDeps,
  metrics: Pick<Metrics, 'starts'>,
  { run, isAfterLoss }: { readonly run: RunUnderWay } & Pick<Course, 'isAfterLoss'>,
): Promise<RestoreOutcome['kind']> {
  const { tenantId, collaborationId } = run;
  try {
    const { kind } = await deps.engine.presence(run);
    if (kind === 'unreachable') return kind;
    if (kind === 'absent') return await restoreRun(deps, metrics, { tenantId, collaborationId });
    // A rest or its end is not what the run acts on: it has forgotten. What else it has forgotten it finds by itself.
    if (isOdd(run, kind, isAfterLoss)) await deps.engine.catchUp(run);
  } catch (err) {
    deps.log.error({ collaborationId, err }, 'run under way could not be looked after');
  }
  return 'known';
}

/**
 * Whether a run may have forgotten its rest, or the end of it. One that rests and waits for parts may do so as it should:
 * it is told once after a loss, for each time makes its history longer.
 */
function isOdd({ status }: RunUnderWay, kind: Presence['kind'], isAfterLoss: boolean): boolean {
  const isResting = status === 'paused' || status === 'waiting';
  if (!isResting) return kind === 'idle';
  return kind === 'busy' || (kind === 'awaiting' && isAfterLoss);
}

/**
 * Starts a run again where its ledger has it, if it has not ended and Temporal does not know it. Repeatable.
 *
 * @returns `known` also for a run that has ended
 */
export async function restoreRun(
  deps: RestoreDeps,
  metrics: Pick<Metrics, 'starts'>,
  run: { readonly tenantId: string; readonly collaborationId: string },
): Promise<RestoreOutcome['kind']> {
  const { tenantId, collaborationId } = run;
  const row = await deps.collaborations.get(tenantId, collaborationId);
  if (row === undefined || isEnded(row)) return 'known';
  const { kind } = await deps.engine.restore({
    ...run,
    plan: { ...row.plan, deadlineMs: deadlineLeft(row, deps.now()) },
    resumed: await readResumption(deps, run),
  });
  if (kind === 'restored') {
    metrics.starts.inc({ pattern: row.pattern, outcome: 'restored' });
    deps.log.warn({ collaborationId }, 'run that Temporal had forgotten was started again');
  }
  return kind;
}

/** The clock runs on while nobody works on the run; one that has run out runs out at once. */
function deadlineLeft(
  { plan, startedAt, createdAt }: Pick<Collaboration, 'plan' | 'startedAt' | 'createdAt'>,
  nowMs: number,
): Plan['deadlineMs'] {
  if (plan.deadlineMs === null) return null;
  return Math.max(1, plan.deadlineMs - (nowMs - Date.parse(startedAt ?? createdAt)));
}
