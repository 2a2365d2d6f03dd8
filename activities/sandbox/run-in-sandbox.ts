import { activityInfo, ApplicationFailure, Context, heartbeat, log } from '@temporalio/activity';

import type { FailureType } from '../../domain/failures.ts';
import { folderFaults, sandboxRunOf } from '../../domain/sandbox/granted-folders.ts';
import type { SandboxFolder } from '../../domain/sandbox/granted-folders.ts';
import type { Sandbox, SandboxResult } from '../../domain/sandbox/run.ts';
import type { SandboxRunEnd } from '../../domain/sandbox/run-fact.ts';
import { sandboxEvent, withoutResult } from '../../domain/sandbox/run-fact.ts';
import type { AskedRun } from '../../domain/sandbox/run-request.ts';
import type { ArtifactStore } from '../../infra/artifacts/artifact-store.ts';
import type { TenantArtifacts } from '../../infra/artifacts/tenant-artifacts.ts';
import type { SandboxRunRow, SandboxRunStore } from '../../infra/stores/sandbox-run-store.ts';
import type { SandboxActivities, SandboxRunRef } from '../activities.ts';
import type { CallsUnderWay } from '../calls-under-way.ts';
import { keepUntilStored } from '../kept-answer.ts';
import { tryLater } from '../retry-failures.ts';
import { keepResult } from './kept-result.ts';
import { recordEnd } from './recorded-end.ts';
import type { EndRecordingDeps } from './recorded-end.ts';

/** What running needs of the outside. */
export interface RunInSandboxDeps extends EndRecordingDeps {
  readonly workerId: string;
  readonly sandbox: Pick<Sandbox, 'run'>;
  readonly runs: Pick<SandboxRunStore, 'get'>;
  /** Hears of cancellations, see the event feed. */
  readonly calls: CallsUnderWay;
  readonly requests: Pick<ArtifactStore, 'get'>;
  readonly artifacts: Pick<TenantArtifacts, 'put'>;
  readonly folders: readonly SandboxFolder[];
}

/** The name under which a run stands among the calls that can be stopped. */
const callName = 'run';

const heartbeatMs = 2000;

/**
 * Makes the activity that runs code in the sandbox. A repeated activity whose first try had recorded an end answers that;
 * else it runs again, for a run has no effects outside. One that may write a folder itself has: it is begun once at
 * most, and ends as `killed` where its worker died.
 */
export function createRunInSandbox(deps: RunInSandboxDeps): SandboxActivities['runInSandbox'] {
  return async (ref) => {
    const cancelled = Context.current().cancellationSignal;
    // Noted before the row is read: a cancellation is either in the row or heard of.
    const call = deps.calls.start({ collaborationId: ref.runId, turn: callName }, cancelled);
    const beat = setInterval(heartbeat, heartbeatMs);
    try {
      return await runOnce(deps, ref, call.signal);
    } finally {
      clearInterval(beat);
      call.end();
    }
  };
}

async function runOnce(
  deps: RunInSandboxDeps,
  ref: SandboxRunRef,
  signal: AbortSignal,
): Promise<SandboxRunEnd> {
  const source = `/workers/${deps.workerId}`;
  const { row, asked } = await readRun(deps, ref);
  const old = endOfOld(row, asked);
  if (old === undefined && signal.aborted) throwIfTakenAway();
  const early = old ?? (signal.aborted ? cancelledEarly : undefined);
  if (early !== undefined) return await settle(deps, ref, early, source);
  await noteStart(deps, ref, source);
  const [fault] = folderFaults(asked.grants, deps.folders);
  if (fault !== undefined) {
    const reason = `${fault.field}: got ${fault.got}, expected ${fault.expected}`;
    return await settle(deps, ref, withoutResult('refused', reason), source);
  }
  const result = await deps.sandbox.run(sandboxRunOf(asked, deps.folders), signal);
  if (result.status === 'killed') throwIfTakenAway();
  const end = await keepUntilStored(() => keepResult(deps.artifacts, ref.tenantId, result));
  return await settle(deps, ref, withReason(end, signal, result), source);
}

const cancelledEarly = withoutResult('killed', 'cancelled before it began');

/** How a run ends that is not to be begun, or not again. An end that is recorded already comes before what is said here. */
function endOfOld(row: SandboxRunRow, asked: AskedRun): SandboxRunEnd | undefined {
  if (row.endedAt !== null) return withoutResult('failed', 'it has ended');
  if (row.cancelledAt !== null) return cancelledEarly;
  const mayWrite = asked.grants.some(({ mode }) => mode === 'write');
  if (!mayWrite || row.attempts === 0) return undefined;
  const reason = 'its worker was lost; a run that may write a folder is not begun twice';
  return withoutResult('killed', reason);
}

async function readRun(
  deps: RunInSandboxDeps,
  { tenantId, runId }: SandboxRunRef,
): Promise<{ row: SandboxRunRow; asked: AskedRun }> {
  const row = await deps.runs.get(tenantId, runId);
  if (row === undefined) {
    const type: FailureType = 'not-found';
    throw ApplicationFailure.create({ type, message: `${runId}: no such run`, nonRetryable: true });
  }
  const bytes = await deps.requests.get(tenantId, row.requestSha256);
  return { row, asked: JSON.parse(new TextDecoder().decode(bytes)) as AskedRun };
}

async function noteStart(
  deps: RunInSandboxDeps,
  { tenantId, runId }: SandboxRunRef,
  source: string,
): Promise<void> {
  const { attempt } = activityInfo();
  const time = new Date(deps.now()).toISOString();
  const fact = { type: 'sandbox.started', attempt, worker: deps.workerId } as const;
  const events = [sandboxEvent(fact, { runId, source, time })];
  await deps.ledger.append({ tenantId, stream: runId, events });
}

async function settle(
  deps: RunInSandboxDeps,
  ref: SandboxRunRef,
  end: SandboxRunEnd,
  source: string,
): Promise<SandboxRunEnd> {
  const recorded = await keepUntilStored(() => recordEnd(deps, ref, end, source));
  const { status, durationMs } = recorded;
  log.info('run in sandbox ended', { runId: ref.runId, status, durationMs });
  return recorded;
}

/** A run that merely lost its worker has not been killed by anybody: it is run again, elsewhere. */
function throwIfTakenAway(): void {
  const details = Context.current().cancellationDetails;
  if (details === undefined || details.cancelRequested) return;
  throw tryLater({ type: 'worker-lost', message: 'the worker stopped during the run', afterMs: 1 });
}

function withReason(end: SandboxRunEnd, signal: AbortSignal, result: SandboxResult): SandboxRunEnd {
  return result.status === 'killed' && signal.aborted ? { ...end, reason: 'cancelled' } : end;
}
