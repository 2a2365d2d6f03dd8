import { createHash } from 'node:crypto';

import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import { canonicalJson } from '../../domain/ledger/canonical.ts';
import { openingFacts } from '../../domain/machines.ts';
import { eventOf, inlineBytesMax } from '../../domain/ledger/event.ts';
import type { NewEvent, OpenedContent, Text } from '../../domain/ledger/event.ts';
import type { CollaborationStatus } from '../../infra/stores/collaboration-store.ts';
import { createCollaborationId } from '../collaboration-id.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
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
  readonly planned: Planned;
}

type StartDeps = Pick<
  ApiDeps,
  'agents' | 'accounts' | 'artifacts' | 'collaborations' | 'engine' | 'log' | 'now'
>;

/**
 * Plans, stores and starts a collaboration. Either all of it is stored or nothing; what is stored will
 * be started, if not now then by the reconciler.
 *
 * @throws `Problem` `input-invalid`, `idempotency-key-reused`
 */
export async function startCollaboration(
  deps: StartDeps,
  metrics: Pick<Metrics, 'starts'>,
  call: StartCall,
): Promise<Started> {
  const planned = await planRequest(deps, call.tenantId, call.request);
  const question = await storeText(deps, call.tenantId, call.request.question);
  await storeMaterials(deps, call.tenantId, planned.uploads);
  const created = await create(deps, call, { planned, question });
  const { pattern } = call.request;
  if (created.isReplayed) {
    metrics.starts.inc({ pattern, outcome: 'replayed' });
    const { collaborationId } = created;
    return { ...created, planned, status: await finishStart(deps, call.tenantId, collaborationId) };
  }
  const isStarted = await startWorkflow(deps, {
    tenantId: call.tenantId,
    collaborationId: created.collaborationId,
    plan: planned.plan,
  });
  metrics.starts.inc({ pattern, outcome: isStarted ? 'started' : 'queued' });
  return { ...created, planned, status: isStarted ? 'running' : 'queued' };
}

/** A start that was cut off after it was stored is finished at once when its caller asks again. */
async function finishStart(
  deps: StartDeps,
  tenantId: string,
  collaborationId: string,
): Promise<CollaborationStatus> {
  const row = await deps.collaborations.get(tenantId, collaborationId);
  if (row?.status !== 'queued') return row?.status ?? 'queued';
  const isStarted = await startWorkflow(deps, { tenantId, collaborationId, plan: row.plan });
  return isStarted ? 'running' : 'queued';
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
        : { key: idempotencyKey, requestSha256: sha256(canonicalJson(request)) },
  });
  if (result.kind === 'conflict') {
    throw new Problem('idempotency-key-reused', {
      detail: `The Idempotency-Key started ${result.collaborationId} with another body.`,
      errors: [
        {
          field: 'Idempotency-Key',
          got: 'a key that came with another body before',
          expected: 'a new key, or the body that came with it first',
        },
      ],
    });
  }
  return result.kind === 'created'
    ? { collaborationId, isReplayed: false }
    : { collaborationId: result.collaborationId, isReplayed: true };
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
      ...(index === 0 ? { content } : {}),
    }),
  );
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
