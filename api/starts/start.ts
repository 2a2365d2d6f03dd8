import { createHash } from 'node:crypto';

import type { Fact } from '../../domain/collaboration/fact.ts';
import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import type { RequestedContent } from '../../domain/ledger/approval-words.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { openingFacts } from '../../domain/machines.ts';
import { eventOf, inlineBytesMax } from '../../domain/ledger/event.ts';
import type { NewEvent, OpenedContent, Text } from '../../domain/ledger/event.ts';
import type { CollaborationStatus } from '../../infra/stores/collaboration-store.ts';
import { createCollaborationId } from '../collaboration-id.ts';
import { shownStatus } from '../collaboration-status.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps } from '../ports.ts';
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

type StartDeps = Pick<
  ApiDeps,
  'agents' | 'accounts' | 'artifacts' | 'resolutions' | 'collaborations' | 'engine' | 'log' | 'now'
>;

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
  const started = (await startedBefore(deps, call)) ?? (await startNew(deps, call));
  metrics.starts.inc({ pattern: call.request.pattern, outcome: outcomeOf(started) });
  return started;
}

function outcomeOf({ isReplayed, status }: Started): string {
  if (isReplayed) return 'replayed';
  return status === 'queued' ? 'queued' : 'started';
}

async function startedBefore(deps: StartDeps, call: StartCall): Promise<Started | undefined> {
  const { tenantId, request, idempotencyKey } = call;
  if (idempotencyKey === undefined) return undefined;
  const known = await deps.collaborations.getByKey(tenantId, idempotencyKey);
  if (known === undefined) return undefined;
  if (known.requestSha256 !== requestSha256(request)) throw startedOther(known.collaborationId);
  return await startedAgain(deps, tenantId, known.collaborationId);
}

async function startNew(deps: StartDeps, call: StartCall): Promise<Started> {
  const { tenantId, request } = call;
  const planned = await planRequest(deps, tenantId, request);
  const question = await storeText(deps, tenantId, request.question);
  await storeMaterials(deps, tenantId, planned.uploads);
  const { collaborationId, isReplayed } = await create(deps, call, { planned, question });
  // The same call was under way twice, and the other one was faster.
  if (isReplayed) return await startedAgain(deps, tenantId, collaborationId);
  const { plan } = planned;
  const isStarted = await startWorkflow(deps, { tenantId, collaborationId, plan });
  return { collaborationId, isReplayed, planned, status: isStarted ? 'running' : 'queued' };
}

/** A start that was cut off after it was stored is finished at once when its caller asks again. */
async function startedAgain(
  deps: StartDeps,
  tenantId: string,
  collaborationId: string,
): Promise<Started> {
  const row = await deps.collaborations.get(tenantId, collaborationId);
  if (row === undefined) throw new Error(`${collaborationId}: its key is stored, it is not`);
  const isFinished =
    row.status === 'queued' &&
    (await startWorkflow(deps, { tenantId, collaborationId, plan: row.plan }));
  return {
    collaborationId,
    isReplayed: true,
    planned: row,
    status: isFinished ? 'running' : shownStatus(row),
  };
}

/**
 * Starts the workflow of a stored collaboration and notes it. Repeatable.
 *
 * @returns whether Temporal has it
 */
export async function startWorkflow(
  deps: Pick<ApiDeps, 'engine' | 'collaborations' | 'log' | 'now'>,
  input: Parameters<ApiDeps['engine']['start']>[0],
): Promise<boolean> {
  const { tenantId, collaborationId } = input;
  const outcome = await deps.engine.start(input);
  if (outcome.kind === 'unreachable') {
    deps.log.warn({ collaborationId, err: outcome.cause }, 'workflow could not be started yet');
    return false;
  }
  const time = new Date(deps.now()).toISOString();
  // Not on the caller's path: where this is lost, the reconciler starts it again, which changes nothing.
  deps.collaborations.markRunning({ tenantId, collaborationId, time }).catch((err: unknown) => {
    deps.log.warn({ collaborationId, err }, 'start could not be noted');
  });
  return true;
}

async function create(
  deps: StartDeps,
  call: StartCall,
  prepared: { planned: Planned; question: Text },
): Promise<{ collaborationId: string; isReplayed: boolean }> {
  const { tenantId, request, idempotencyKey } = call;
  const { plan, estimate, materials } = prepared.planned;
  const now = deps.now();
  const collaborationId = createCollaborationId(now);
  const createdAt = new Date(now).toISOString();
  const result = await deps.collaborations.create({
    tenantId,
    collaborationId,
    question: request.question,
    request: { ...request, ...(request.materials === undefined ? {} : { materials }) },
    plan,
    estimate,
    createdAt,
    events: openingEvents(request, { collaborationId, createdAt, ...prepared }),
    idempotency:
      idempotencyKey === undefined
        ? null
        : { key: idempotencyKey, requestSha256: requestSha256(request) },
  });
  if (result.kind === 'conflict') throw startedOther(result.collaborationId);
  return result.kind === 'created'
    ? { collaborationId, isReplayed: false }
    : { collaborationId: result.collaborationId, isReplayed: true };
}

function startedOther(collaborationId: string): Problem {
  return keyReused(`The Idempotency-Key started ${collaborationId} with another body.`);
}

/** The run's first events: its opening with all words, and what its machine decides at once. */
function openingEvents(
  request: CollaborationRequest,
  about: { collaborationId: string; createdAt: string; planned: Planned; question: Text },
): readonly NewEvent[] {
  const { collaborationId, planned, question } = about;
  const content: OpenedContent = {
    question,
    options: request.options ?? [],
    materials: planned.materials,
    personas: request.personas ?? {},
  };
  return openingFacts(planned.plan).map((fact, index) =>
    eventOf(fact, {
      id: index === 0 ? `${collaborationId}/opened` : `${collaborationId}/opened-${String(index)}`,
      source: '/api',
      subject: collaborationId,
      time: about.createdAt,
      ...(index === 0 ? { content } : questionIn(fact, request)),
    }),
  );
}

/** What people are asked at the start stands in the request. */
function questionIn(
  fact: Fact,
  { people }: CollaborationRequest,
): { readonly content?: RequestedContent } {
  if (fact.type !== 'approval.requested') return {};
  const number = Number(fact.approval.split('-').at(-1));
  return { content: { question: people?.questions?.[number - 1] ?? '' } };
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

/** The same for the same body, whatever the order of its fields. */
function requestSha256(request: CollaborationRequest): string {
  return createHash('sha256').update(canonicalJson(request)).digest('hex');
}
