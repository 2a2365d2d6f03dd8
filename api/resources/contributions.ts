import { randomUUID } from 'node:crypto';

import type { Context } from 'hono';

import type { BudgetLimits, Seat } from '../../domain/collaboration/plan.ts';
import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { stateOf } from '../../domain/ledger/run-reading.ts';
import { weightOfJoining } from '../../domain/planning/calibrating.ts';
import { shown } from '../../domain/planning/fault.ts';
import { participantFaults, seatsOf } from '../../domain/planning/seating.ts';
import { isByRecord } from '../../domain/protocols/validity.ts';
import { microsOf } from '../../domain/providers/price.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { Api, ApiEnv } from '../context.ts';
import { actorOf } from '../context.ts';
import { keyReused } from '../idempotency.ts';
import type { ApiDeps, SteeringOutcome } from '../ports.ts';
import { notFound } from '../problem.ts';
import { invalidRequest } from '../routes.ts';
import { steeringRoutes } from './steering-routes.ts';
import { findSteerable, keyOf, steer } from './steering.ts';
import type { SteeringDeps } from './steering.ts';

/** Adds the routes that give a run something: a message, a participant, a budget. */
export function addContributions(api: Api, deps: SteeringDeps): void {
  api.openapi(steeringRoutes.messages, async (c) => {
    const { text } = c.req.valid('json');
    const key = keyOf(c);
    const messageId = key === undefined ? randomUUID() : `key/${key}`;
    const call = { step: 'messages', asked: { messageId } };
    const found = await findSteerable(c, deps, call);
    await keepMessage(c, deps, {
      collaborationId: found.run.collaborationId,
      messageId,
      text,
    });
    const { steered } = await steer(c, deps, {
      ...call,
      ...found,
      send: (target, by) => deps.engine.addMessage(target, { by, messageId }),
    });
    return c.json({ ...steered, messageId }, 200);
  });
  api.openapi(steeringRoutes.participants, async (c) => {
    const participant = c.req.valid('json') as Participant;
    const call = { step: 'participants', asked: { seat: namedOf(participant) } };
    const found = await findSteerable(c, deps, call);
    let seat = seatIn(found.recorded) ?? (await seatFor(c, deps, { ...found, participant }));
    const { steered, recorded } = await steer(c, deps, {
      ...call,
      ...found,
      send: async (target, by) => {
        for (let tries = 1; ; tries += 1) {
          const outcome = await deps.engine.addParticipant(target, { by, seat });
          if (!isTaken(outcome) || tries === seatTriesMax) return outcome;
          // Somebody else was given this seat while its event was on its way.
          seat = { ...seat, seat: seatAfter(seat) };
        }
      },
    });
    return c.json({ ...steered, seat: (seatIn(recorded) ?? seat).seat }, 200);
  });
  api.openapi(steeringRoutes.budget, async (c) => {
    const { tokens, usd } = c.req.valid('json');
    const named = {
      ...(tokens !== undefined && { tokens }),
      ...(usd !== undefined && { microsUsd: microsOf(usd) }),
    };
    const call = { step: 'budget', asked: { budget: named } };
    const found = await findSteerable(c, deps, call);
    const budget: BudgetLimits = { ...found.run.budget.limits, ...named };
    const { steered } = await steer(c, deps, {
      ...call,
      ...found,
      send: (target, by) => deps.engine.raiseBudget(target, { by, budget }),
    });
    return c.json(steered, 200);
  });
}

/**
 * Stores a text before the run hears of it: a history holds ids, and a repeated call finds it there.
 *
 * @throws `Problem` `idempotency-key-reused` when the message's key came with another text
 */
export async function keepMessage(
  c: Context<ApiEnv>,
  deps: Pick<ApiDeps, 'collaborations' | 'now'>,
  message: { collaborationId: string; messageId: string; text: string },
): Promise<void> {
  const { collaborationId, messageId, text } = message;
  const at = { tenantId: c.get('tenantId'), collaborationId, messageId };
  const isKept = await deps.collaborations.addMessage({
    ...at,
    author: actorOf(c.get('tenantId')),
    text,
    createdAt: new Date(deps.now()).toISOString(),
  });
  if (!isKept) throw notFound('collaboration', collaborationId);
  if (keyOf(c) === undefined) return;
  const kept = await deps.collaborations.getMessage(at);
  if (kept?.text !== text) {
    throw keyReused(`The Idempotency-Key said something else to ${collaborationId} before.`);
  }
}

interface Participant {
  readonly agent: string;
  readonly persona?: string;
  readonly personas?: readonly string[];
  readonly weight?: number;
}

/** What a body says of the seat; the rest follows from the agent and the table. */
function namedOf({ agent, persona, personas = [], weight }: Participant): Partial<Seat> {
  const named = [...new Set(persona === undefined ? personas : [persona, ...personas])];
  return {
    agent,
    ...(named.length > 0 && { personas: named }),
    ...(weight !== undefined && { weight }),
  };
}

/** Most participants that come to a run at the same moment. */
const seatTriesMax = 50;

function isTaken(outcome: SteeringOutcome): boolean {
  return outcome.kind === 'refused' && outcome.type === 'conflict';
}

function seatAfter({ seat }: Seat): string {
  return `s${String(Number(seat.slice(1)) + 1)}`;
}

/** The seat that an earlier call with the same key was given. */
function seatIn(recorded: LedgerEvent | undefined): Seat | undefined {
  return recorded?.data['seat'] as Seat | undefined;
}

function refuseWeight({ weight }: Participant): void {
  if (weight === undefined) return;
  const expected = 'none, for in this run weights come from the records';
  throw invalidRequest([{ field: 'weight', got: shown(weight), expected }]);
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
  const { seats } = stateOf(events);
  const joining = { ...seat, seat: `s${seats.length + 1}` };
  if (!isByRecord(run.plan.protocol)) return joining;
  refuseWeight(participant);
  return { ...joining, weight: weightOfJoining(joining, seats) };
}
