import type { Metrics } from '../metrics.ts';
import { lookRepeatedly, type RepeatedLook } from '../repeated-look.ts';
import { startWorkflow, type WorkflowDeps } from './start.ts';

/** Younger ones are still on their way through a request. */
const AGE_SECONDS = 2;
/** Most starts that are under way at once. */
const TOGETHER = 10;

/**
 * Starts collaborations that were stored and never started, because Temporal or this process was away
 * at that moment. Several processes may do so at once: starting twice is starting once.
 *
 * @param deps - the same as the API's
 * @param metrics - counts what was started
 */
export function createReconciler(
  deps: WorkflowDeps,
  metrics: Pick<Metrics, 'starts'>,
): RepeatedLook {
  return lookRepeatedly(
    async () => {
      await reconcile(deps, metrics);
    },
    (err) => {
      deps.log.warn({ err }, 'queued collaborations could not be looked at');
    },
  );
}

async function reconcile(deps: WorkflowDeps, metrics: Pick<Metrics, 'starts'>): Promise<void> {
  const queued = await deps.collaborations.queuedOlderThan(AGE_SECONDS);
  for (let at = 0; at < queued.length; at += TOGETHER) {
    const results = await Promise.all(
      queued.slice(at, at + TOGETHER).map(async (run) => await restart(deps, metrics, run)),
    );
    if (results.includes(false)) return; // Temporal is still away
  }
}

/** Answers whether the next ones may be tried: one that can never be started must not hold them up. */
async function restart(
  deps: WorkflowDeps,
  metrics: Pick<Metrics, 'starts'>,
  run: { readonly tenantId: string; readonly collaborationId: string },
): Promise<boolean> {
  const { tenantId, collaborationId } = run;
  try {
    const row = await deps.collaborations.get(tenantId, collaborationId);
    if (row?.status !== 'queued') return true;
    const isStarted = await startWorkflow(deps, { ...row, tenantId });
    if (isStarted) metrics.starts.inc({ pattern: row.pattern, outcome: 'restarted' });
    return isStarted;
  } catch (err) {
    deps.log.error({ collaborationId, err }, 'queued collaboration could not be started');
    return true;
  }
}
