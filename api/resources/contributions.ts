import { randomUUID } from 'node:crypto';

import type { Context } from 'hono';

import type { BudgetLimits, Seat } from '../../domain/collaboration/plan.ts';
import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import { stateOf } from '../../domain/ledger/run-reading.ts';
import { participantFaults, seatsOf } from '../../domain/planning/seating.ts';
import { microsOf } from '../../domain/providers/price.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { Api, ApiEnv } from '../context.ts';
import { actorOf } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound } from '../problem.ts';
import { invalidRequest } from '../routes.ts';
import { steeringRoutes } from './steering-routes.ts';
import { findSteerable, steer, updateIdOf } from './steering.ts';

/** Adds the routes that give a run something: a message, a participant, a budget. */
export function addContributions(api: Api, deps: ApiDeps): void {
  api.openapi(steeringRoutes.messages, async (c) => {
    const { text } = c.req.valid('json');
    const run = await findSteerable(c, deps);
    const messageId = await keepMessage(c, deps, { run, text });
    const steered = await steer(c, {
      run,
      step: 'messages',
      send: (target, by) => deps.engine.addMessage(target, { by, messageId }),
    });
    return c.json({ ...steered, messageId }, 200);
  });
  api.openapi(steeringRoutes.participants, async (c) => {
    const run = await findSteerable(c, deps);
    const seat = await seatFor(c, deps, { run, participant: c.req.valid('json') as Participant });
    const steered = await steer(c, {
      run,
      step: 'participants',
      send: (target, by) => deps.engine.addParticipant(target, { by, seat }),
    });
    return c.json({ ...steered, seat: seat.seat }, 200);
  });
  api.openapi(steeringRoutes.budget, async (c) => {
    const { tokens, usd } = c.req.valid('json');
    const run = await findSteerable(c, deps);
    const { limits } = run.budget;
    const budget: BudgetLimits = {
      tokens: tokens ?? limits.tokens,
      microsUsd: usd === undefined ? limits.microsUsd : microsOf(usd),
    };
    const send = async (
      target: Parameters<typeof deps.engine.raiseBudget>[0],
      by: string,
    ): ReturnType<typeof deps.engine.raiseBudget> =>
      await deps.engine.raiseBudget(target, { by, budget });
    return c.json(await steer(c, { run, step: 'budget', send }), 200);
  });
}

/** The text is stored before the run hears of it: a history holds ids, and a repeated call finds it there. */
async function keepMessage(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  message: { run: Collaboration; text: string },
): Promise<string> {
  const { run, text } = message;
  const key = c.req.header('idempotency-key');
  const messageId = key === undefined ? randomUUID() : `key/${key}`;
  const isKept = await deps.collaborations.addMessage({
    tenantId: c.get('tenantId'),
    collaborationId: run.collaborationId,
    messageId,
    author: actorOf(c.get('tenantId')),
    text,
    createdAt: new Date(deps.now()).toISOString(),
  });
  if (!isKept) throw notFound('collaboration', run.collaborationId);
  return messageId;
}

interface Participant {
  readonly agent: string;
  readonly persona?: string;
  readonly personas?: readonly string[];
  readonly weight?: number;
}

/** Seats a participant after those that are there, by the same rules as at the start. */
async function seatFor(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  asked: { run: Collaboration; participant: Participant },
): Promise<Seat> {
  const tenantId = c.get('tenantId');
  const { run, participant } = asked;
  const [panel, events] = await Promise.all([
    deps.agents.list(tenantId),
    deps.ledger.readUpTo({ tenantId, stream: run.collaborationId }),
  ]);
  const candidates = { panel, offline: [] };
  const request: CollaborationRequest = {
    ...(run.request as CollaborationRequest),
    participants: [participant],
    protocol: run.plan.protocol,
  };
  const faults = participantFaults(request, candidates);
  if (faults.length > 0) {
    const prefix = 'participants[0].';
    throw invalidRequest(
      faults.map((fault) => ({ ...fault, field: fault.field.replace(prefix, '') })),
    );
  }
  const [seat] = seatsOf(request, candidates, 1);
  if (seat === undefined) throw new Error('a participant without faults got no seat');
  const before = events.find(({ id }) => id === eventIdOf(c, run))?.data['seat'] as
    Seat | undefined;
  return before ?? { ...seat, seat: `s${stateOf(events).seats.length + 1}` };
}

/** Id of the event that an earlier call with the same key left: it was given its seat then. */
function eventIdOf(c: Context<ApiEnv>, run: Collaboration): string | undefined {
  const key = c.req.header('idempotency-key');
  return key === undefined
    ? undefined
    : `${run.collaborationId}/update-${updateIdOf('participants', key)}`;
}
