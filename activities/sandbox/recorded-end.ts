import type { SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import { endIn, sandboxEvent, withoutResult } from '../../domain/sandbox/run-fact.ts';
import type { LedgerStore } from '../../infra/stores/ledger-store.ts';
import type { Activities, SandboxRunRef } from '../activities.ts';

/** What recording the end of a run needs. */
export interface EndRecordingDeps {
  readonly ledger: Pick<LedgerStore, 'append'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Records how a run ended; the end that was recorded first stays, and is the answer.
 *
 * @param deps - ledger and clock
 * @param run - which run
 * @param end - how this try saw it end
 * @param source - who says so
 */
export async function recordEnd(
  deps: EndRecordingDeps,
  run: SandboxRunRef,
  end: SandboxRunEnd,
  source: string,
): Promise<SandboxRunEnd> {
  const { tenantId, runId: stream } = run;
  const time = new Date(deps.now()).toISOString();
  const event = sandboxEvent({ type: 'sandbox.ended', ...end }, { runId: stream, source, time });
  const [stored] = await deps.ledger.append({ tenantId, stream, events: [event] });
  const recorded = stored && endIn(stored);
  if (recorded === undefined) throw new Error(`${stream}: its end is not in the ledger`);
  return recorded;
}

/** Makes the activity that records the end of a run that no try brought to a result. */
export function createRecordSandboxEnd(deps: EndRecordingDeps): Activities['recordSandboxEnd'] {
  return async ({ tenantId, runId, status, reason }) =>
    await recordEnd(
      deps,
      { tenantId, runId },
      withoutResult(status, reason),
      `/workflows/sandbox/${runId}`,
    );
}
