import type { Plan } from '../../domain/collaboration/plan.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { stateOf } from '../../domain/ledger/run-reading.ts';
import type { PricesByAgent } from '../../domain/planning/estimate.ts';
import type { ForkAsked } from '../../domain/replay/fork-schema.ts';
import { forkOf } from '../../domain/replay/fork.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { createCollaborationId } from '../collaboration-id.ts';
import { actorOf } from '../context.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps } from '../ports.ts';
import { invalidRequest } from '../routes.ts';
import { sha256Of, startOnce, type ReadyRun, type Started, type WorkflowDeps } from './start.ts';

/** What somebody asks to be forked. */
export interface ForkCall {
  readonly tenantId: string;
  readonly origin: Collaboration;
  readonly asked: ForkAsked;
  readonly idempotencyKey: string | undefined;
}

type ForkDeps = WorkflowDeps & Pick<ApiDeps, 'agents'>;

/**
 * Stores and starts a fork, as a start does: all of it is stored or nothing, and what is stored will be started.
 *
 * @throws `Problem` `input-invalid`, `idempotency-key-reused`
 */
export async function forkCollaboration(
  deps: ForkDeps,
  metrics: Pick<Metrics, 'starts'>,
  call: ForkCall,
): Promise<Started> {
  const { tenantId, origin, asked, idempotencyKey } = call;
  const requestSha256 = sha256Of({ forkOf: origin.collaborationId, ...asked });
  const keyed = { tenantId, idempotencyKey, requestSha256 };
  const started = await startOnce(deps, metrics, keyed, async () => await newFork(deps, call));
  const isHeld = asked.paused === true && !started.isReplayed && started.status === 'running';
  return isHeld ? { ...started, status: 'paused' } : started;
}

async function newFork(deps: ForkDeps, { tenantId, origin, asked }: ForkCall): Promise<ReadyRun> {
  const stream = origin.collaborationId;
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  const prices = await pricesFor(deps, tenantId, { plan: origin.plan, events });
  const now = deps.now();
  const collaborationId = createCollaborationId(now);
  const time = new Date(now).toISOString();
  const by = actorOf(tenantId);
  const fork = forkOf(events, asked, { collaborationId, time, by, prices });
  if (!fork.ok) throw invalidRequest(fork.faults);
  const { question } = origin.request as { readonly question: string };
  const { plan, estimate } = fork;
  return {
    collaborationId,
    question,
    request: origin.request,
    plan,
    estimate,
    createdAt: time,
    events: fork.events,
  };
}

/** Prices of today: what is new is paid today. An agent that was removed has none. */
async function pricesFor(
  deps: Pick<ApiDeps, 'agents'>,
  tenantId: string,
  { plan, events }: { readonly plan: Plan; readonly events: readonly LedgerEvent[] },
): Promise<PricesByAgent> {
  const { seats } = stateOf(events);
  const names = new Set([...seats, plan.chair].map(({ agent }) => agent));
  const agents = await Promise.all([...names].map((name) => deps.agents.get(tenantId, name)));
  return Object.fromEntries(agents.flatMap((agent) => (agent ? [[agent.name, agent.price]] : [])));
}
