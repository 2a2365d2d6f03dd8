import { createHash } from 'node:crypto';

import type { Fact } from '../../domain/collaboration/fact.ts';
import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import type { RequestedContent } from '../../domain/ledger/approval-words.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { inlineBytesMax } from '../../domain/ledger/event.ts';
import type { Text } from '../../domain/ledger/event.ts';
import { openingEvents } from '../../domain/ledger/opening.ts';
import { resumptionOf, type Resumption } from '../../domain/ledger/resumption.ts';
import type {
  CollaborationStatus,
  Collaboration,
  NewCollaboration,
} from '../../infra/stores/collaboration-store.ts';
import { createCollaborationId } from '../collaboration-id.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps, StartInput } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { keyReused } from '../idempotency.ts';
import { storeMaterials } from './materials.ts';
import { planRequest } from './planning.ts';
import type { Planned } from './planning.ts';

/** What somebody asks to be started. */
export interface StartCall {
  readonly tenantId: string;
  readonly request: CollaborationRequest;
  readonly idempotencyKey: string | undefined;
}

/** A collaboration that was accepted now, or before under the same key. */
export interface Started {
  readonly collaborationId: string;
  readonly isReplayed: boolean;
  /** `queued` when the workflow could not be started yet; the reconciler will. */
  readonly status: CollaborationStatus;
  readonly planned: Pick<Planned, 'plan' | 'estimate'>;
}

/** What starting a stored run needs. */
export type WorkflowDeps = Pick<
  ApiDeps,
  'collaborations' | 'ledger' | 'turns' | 'engine' | 'log' | 'now'
>;

type StartDeps = WorkflowDeps &
  Pick<ApiDeps, 'agents' | 'accounts' | 'artifacts' | 'resolutions' | 'tenants'>;

/**
 * Plans, stores and starts a collaboration. Either all of it is stored or nothing; what is stored will
 * be started, if not now then by the reconciler. A start that was accepted before is answered as it is,
 * whatever became of its agents and artifacts since.
 *
 * @throws `Problem` `input-invalid`, `idempotency-key-reused`
 */
export async function startCollaboration(
  deps: StartDeps,
  metrics: Pick<Metrics, 'starts'>,
  call: StartCall,
): Promise<Started> {
  const { tenantId, idempotencyKey, request } = call;
  const keyed = { tenantId, idempotencyKey, requestSha256: sha256Of(request) };
  return await startOnce(deps, metrics, keyed, async () => await newRun(deps, call));
}

/** A call that is done once under its key. */
export interface KeyedCall {
  readonly tenantId: string;
  readonly idempotencyKey: string | undefined;
  /** Of everything that the call asks for. */
  readonly requestSha256: string;
}

/** A run that is ready to be stored. */
export type ReadyRun = Omit<NewCollaboration, 'tenantId' | 'idempotency'>;

/**
 * Stores a run and starts it, or answers the one that the same key started before.
 *
 * @param deps - where it is stored and started
 * @param metrics - counts starts
 * @param call - whose run, and under which key
 * @param prepare - makes the run; not called where the key is known
 * @throws `Problem` `idempotency-key-reused`, and what `prepare` throws
 */
export async function startOnce(
  deps: WorkflowDeps,
  metrics: Pick<Metrics, 'starts'>,
  call: KeyedCall,
  prepare: () => Promise<ReadyRun>,
): Promise<Started> {
  const started = (await startedBefore(deps, call)) ?? (await startNew(deps, call, prepare));
  metrics.starts.inc({ pattern: started.planned.plan.pattern, outcome: outcomeOf(started) });
  return started;
}

function outcomeOf({ isReplayed, status }: Started): string {
  if (isReplayed) return 'replayed';
  return status === 'queued' ? 'queued' : 'started';
}

async function startedBefore(deps: WorkflowDeps, call: KeyedCall): Promise<Started | undefined> {
  const { tenantId, requestSha256, idempotencyKey } = call;
  if (idempotencyKey === undefined) return undefined;
  const known = await deps.collaborations.getByKey(tenantId, idempotencyKey);
  if (known === undefined) return undefined;
  if (known.requestSha256 !== requestSha256) throw startedOther(known.collaborationId);
  return await startedAgain(deps, tenantId, known.collaborationId);
}

async function startNew(
  deps: WorkflowDeps,
  call: KeyedCall,
  prepare: () => Promise<ReadyRun>,
): Promise<Started> {
  const { tenantId, idempotencyKey: key, requestSha256 } = call;
  const run = await prepare();
  const idempotency = key === undefined ? null : { key, requestSha256 };
  const result = await deps.collaborations.create({ ...run, tenantId, idempotency });
  if (result.kind === 'conflict') throw startedOther(result.collaborationId);
  // The same call was under way twice, and the other one was faster.
  if (result.kind === 'replayed') return await startedAgain(deps, tenantId, result.collaborationId);
  const { collaborationId, plan, createdAt } = run;
  const isStarted = await startWorkflow(deps, { tenantId, collaborationId, plan, createdAt });
  const status = isStarted ? 'running' : 'queued';
  return { collaborationId, isReplayed: false, planned: run, status };
}

/** A start that was cut off after it was stored is finished at once when its caller asks again. */
async function startedAgain(
  deps: WorkflowDeps,
  tenantId: string,
  collaborationId: string,
): Promise<Started> {
  const row = await deps.collaborations.get(tenantId, collaborationId);
  if (row === undefined) throw new Error(`${collaborationId}: its key is stored, it is not`);
  const isFinished = row.status === 'queued' && (await startWorkflow(deps, { ...row, tenantId }));
  return {
    collaborationId,
    isReplayed: true,
    planned: row,
    status: isFinished ? 'running' : row.status,
  };
}

/**
 * Starts the workflow of a stored collaboration and notes it; that of a fork goes on from what it took over. Repeatable.
 *
 * @returns whether Temporal has it
 */
export async function startWorkflow(
  deps: WorkflowDeps,
  run: Pick<StartInput, 'tenantId' | 'collaborationId' | 'plan'> & Pick<Collaboration, 'createdAt'>,
): Promise<boolean> {
  const { tenantId, collaborationId, plan, createdAt } = run;
  const resumed = run.plan.origin === undefined ? undefined : await readResumption(deps, run);
  const isAsking = (plan.people?.questions ?? 0) > 0;
  const outcome = await deps.engine.start({
    tenantId,
    collaborationId,
    plan,
    // A history holds it only where it is needed.
    ...(isAsking && { createdAt }),
    ...(resumed && { resumed }),
  });
  if (outcome.kind === 'unreachable') {
    deps.log.warn({ collaborationId, err: outcome.cause }, 'workflow could not be started yet');
    return false;
  }
  const time = new Date(deps.now()).toISOString();
  // Not on the caller's path: where this is lost, the reconciler starts it again, which changes nothing.
  const isPaused = resumed?.state.isPaused === true;
  deps.collaborations
    .markRunning({ tenantId, collaborationId, time, isPaused })
    .catch((err: unknown) => {
      deps.log.warn({ collaborationId, err }, 'start could not be noted');
    });
  return true;
}

/** Reads from the ledger where a run stands, so that a workflow can go on from there. */
export async function readResumption(
  deps: Pick<ApiDeps, 'ledger' | 'turns'>,
  run: { readonly tenantId: string; readonly collaborationId: string },
): Promise<Resumption> {
  const { tenantId, collaborationId: stream } = run;
  const [events, outstanding] = await Promise.all([
    deps.ledger.readUpTo({ tenantId, stream }),
    deps.turns.outstandingOf(run),
  ]);
  return resumptionOf(events, outstanding);
}

async function newRun(deps: StartDeps, { tenantId, request }: StartCall): Promise<ReadyRun> {
  const planned = await planRequest(deps, tenantId, request);
  const question = await storeText(deps, tenantId, request.question);
  await storeMaterials(deps, tenantId, planned.uploads);
  const { plan, estimate, materials } = planned;
  const now = deps.now();
  const collaborationId = createCollaborationId(now);
  const createdAt = new Date(now).toISOString();
  return {
    collaborationId,
    question: request.question,
    request: { ...request, ...(request.materials === undefined ? {} : { materials }) },
    plan,
    estimate,
    createdAt,
    events: openingEvents(plan, {
      collaborationId,
      source: '/api',
      time: createdAt,
      content: {
        question,
        options: request.options ?? [],
        materials,
        personas: request.personas ?? {},
      },
      contentOf: (fact) => questionIn(fact, request),
    }),
  };
}

function startedOther(collaborationId: string): Problem {
  return keyReused(`The Idempotency-Key started ${collaborationId} with another body.`);
}

/** What people are asked at the start stands in the request. */
function questionIn(fact: Fact, { people }: CollaborationRequest): RequestedContent | undefined {
  if (fact.type !== 'approval.requested') return undefined;
  const number = Number(fact.approval.split('-').at(-1));
  return { question: people?.questions?.[number - 1] ?? '' };
}

async function storeText(
  deps: Pick<ApiDeps, 'artifacts'>,
  tenantId: string,
  text: string,
): Promise<Text> {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.byteLength <= inlineBytesMax) return text;
  const mediaType = 'text/plain; charset=utf-8';
  const stored = await deps.artifacts.put(tenantId, { bytes, mediaType });
  return { artifact: stored.sha256, bytes: stored.bytes };
}

/** Gives the hash of what a call asks for: the same for the same body, whatever the order of its fields. */
export function sha256Of(asked: object): string {
  return createHash('sha256').update(canonicalJson(asked)).digest('hex');
}
