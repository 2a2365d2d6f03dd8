import { createHash, randomBytes } from 'node:crypto';

import { folderFaults } from '../../domain/sandbox/granted-folders.ts';
import { askedIn, sandboxEvent } from '../../domain/sandbox/run-fact.ts';
import type { SandboxAsked } from '../../domain/sandbox/run-fact.ts';
import { completeRequest } from '../../domain/sandbox/run-request.ts';
import type { SandboxRequest } from '../../domain/sandbox/run-request.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { createDerivedId, createOrderedId } from '../collaboration-id.ts';
import { actorOf } from '../context.ts';
import { keyReused } from '../idempotency.ts';
import type { Metrics } from '../metrics.ts';
import { refuseUngranted } from '../may-run-code.ts';
import type { ApiDeps } from '../ports.ts';
import { invalidRequest } from '../routes.ts';
import { sha256Of } from '../starts/start.ts';

/** What somebody asks to be run. */
export interface SandboxCall {
  readonly tenantId: string;
  readonly request: SandboxRequest;
  readonly idempotencyKey: string | undefined;
}

/** A run that was accepted now, or before under the same key. */
export interface AcceptedRun {
  readonly runId: string;
  readonly isReplayed: boolean;
}

type StartDeps = Pick<
  ApiDeps,
  'tenants' | 'ledger' | 'artifacts' | 'sandboxEngine' | 'sandboxFolders' | 'log' | 'now'
>;

const seedBytes = 16;
const idPattern = /^r_[0-9a-hjkmnp-tv-z]{26}$/;

/** Whether a text can be the id of a run at all. */
export function isSandboxRunId(id: string): boolean {
  return idPattern.test(id);
}

/**
 * Accepts a run and starts it: what is accepted will run, if not now then when Temporal is back.
 *
 * @throws `Problem` `not-permitted`, `input-invalid`, `idempotency-key-reused`
 */
export async function startSandboxRun(
  deps: StartDeps,
  metrics: Pick<Metrics, 'sandboxStarts'>,
  call: SandboxCall,
): Promise<AcceptedRun> {
  const { tenantId, request, idempotencyKey } = call;
  await refuseUngranted(deps, tenantId);
  const faults = folderFaults(request.grants ?? [], deps.sandboxFolders);
  if (faults.length > 0) throw invalidRequest(faults);
  const runId = idOf(call, deps.now());
  const requestSha256 = sha256Of(request);
  const before =
    idempotencyKey === undefined ? undefined : await requestedBefore(deps, tenantId, runId);
  const requested = before ?? (await accept(deps, call, { runId, requestSha256 }));
  if (requested.requestSha256 !== requestSha256) {
    throw keyReused(`The Idempotency-Key started ${runId} with another body.`);
  }
  const { lane, limits } = requested;
  const { timeMs } = limits;
  const outcome = await deps.sandboxEngine.start({ tenantId, runId, lane, timeMs });
  if (outcome.kind === 'unreachable') {
    deps.log.warn({ runId, err: outcome.cause }, 'run in sandbox could not be started yet');
  }
  const isReplayed = before !== undefined;
  const how = outcome.kind === 'unreachable' ? 'queued' : 'started';
  metrics.sandboxStarts.inc({ lane, outcome: isReplayed ? 'replayed' : how });
  return { runId, isReplayed };
}

/** The same key names the same run, whoever asks first. */
function idOf({ tenantId, idempotencyKey }: SandboxCall, nowMs: number): string {
  if (idempotencyKey === undefined) return createOrderedId('r_', nowMs);
  const digest = createHash('sha256').update(`${tenantId}\n${idempotencyKey}`).digest();
  return createDerivedId('r_', digest);
}

async function requestedBefore(
  deps: Pick<StartDeps, 'ledger'>,
  tenantId: string,
  stream: string,
): Promise<SandboxAsked | undefined> {
  const [first] = await deps.ledger.read({ tenantId, stream, afterSeq: 0, limit: 1 });
  return first === undefined ? undefined : requestedIn(first);
}

/** Bytes first, so that the ledger never names what is not there. Whoever was faster under the same key is the answer. */
async function accept(
  deps: StartDeps,
  { tenantId, request }: SandboxCall,
  { runId, requestSha256 }: { readonly runId: string; readonly requestSha256: string },
): Promise<SandboxAsked> {
  const asked = completeRequest(request, randomBytes(seedBytes).toString('hex'));
  const { lane, limits, grants, seed } = asked;
  const bytes = Buffer.from(JSON.stringify(asked), 'utf8');
  const stored = await deps.artifacts.put(tenantId, { bytes, mediaType: 'application/json' });
  const kept = { artifact: stored.sha256, bytes: stored.bytes };
  const type = 'sandbox.requested';
  const time = new Date(deps.now()).toISOString();
  const event = sandboxEvent(
    { type, lane, request: kept, requestSha256, limits, grants, seed },
    { runId, source: actorOf(tenantId), time },
  );
  const [recorded] = await deps.ledger.append({ tenantId, stream: runId, events: [event] });
  if (recorded === undefined) throw new Error(`${runId}: its request is not in the ledger`);
  return requestedIn(recorded);
}

function requestedIn(event: LedgerEvent): SandboxAsked {
  const asked = askedIn(event);
  if (asked !== undefined) return asked;
  throw new Error(`${event.stream}: got ${event.type} as its first event, expected a request`);
}
