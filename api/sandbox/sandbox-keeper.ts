import { sandboxEvent, withoutResult } from '../../domain/sandbox/run-fact.ts';
import type { OpenSandboxRun } from '../../infra/stores/sandbox-run-store.ts';
import type { ApiDeps } from '../ports.ts';
import { lookRepeatedly, sweepingLook, type RepeatedLook } from '../repeated-look.ts';

type KeeperDeps = Pick<
  ApiDeps,
  'sandboxRuns' | 'sandboxEngine' | 'engine' | 'ledger' | 'log' | 'now'
>;

const restMs = { afterLoss: 30_000, usual: 30_000 };
const PAGE_RUNS = 100;
/** Younger ones are still on their way through a request. */
const AGE_MS = 2000;
/** Most starts that are under way at once. */
const TOGETHER = 10;

/**
 * Starts runs that were accepted and never started, because Temporal or this process was away at that moment, and
 * those that Temporal has forgotten; ends those whose workflow has ended without a word. It goes through all open runs when
 * Temporal answers for the first time, again, or with another database, and then twice a minute. Several processes may
 * do so at once: starting twice is starting once.
 *
 * @param deps - the same as the API's
 */
export function createSandboxKeeper(deps: KeeperDeps): RepeatedLook {
  const look = sweepingLook(deps, { restMs, sweep: async () => await sweep(deps) });
  return lookRepeatedly(look, (err) => {
    deps.log.warn({ err }, 'open runs in the sandbox could not be looked at');
  });
}

/** Answers whether it came to the end. */
async function sweep(deps: KeeperDeps): Promise<boolean> {
  let page: readonly OpenSandboxRun[] = [];
  do {
    page = await deps.sandboxRuns.open(page.at(-1), PAGE_RUNS);
    for (let at = 0; at < page.length; at += TOGETHER) {
      const kept = await Promise.all(page.slice(at, at + TOGETHER).map((run) => keep(deps, run)));
      if (kept.includes(false)) return false;
    }
  } while (page.length === PAGE_RUNS);
  return true;
}

/** Answers whether Temporal did: one run that cannot be kept must not hold up the others. */
async function keep(deps: KeeperDeps, run: OpenSandboxRun): Promise<boolean> {
  if (deps.now() - Date.parse(run.createdAt) < AGE_MS) return true;
  const { tenantId, runId, lane, timeMs } = run;
  try {
    const { kind } = await deps.sandboxEngine.start({ tenantId, runId, lane, timeMs });
    if (kind === 'closed') await endUnended(deps, run);
    return kind !== 'unreachable';
  } catch (err) {
    deps.log.error({ runId, err }, 'open run in the sandbox could not be looked after');
    return true;
  }
}

/** A workflow records the end before it ends; one that was terminated has not. An end that is there already stays. */
async function endUnended(deps: KeeperDeps, { tenantId, runId }: OpenSandboxRun): Promise<void> {
  const time = new Date(deps.now()).toISOString();
  const event = sandboxEvent(
    { type: 'sandbox.ended', ...withoutResult('failed', 'its workflow was ended from outside') },
    { runId, source: '/api', time },
  );
  await deps.ledger.append({ tenantId, stream: runId, events: [event] });
}
