import { randomUUID } from 'node:crypto';

import type { Context } from 'hono';

import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { isEnded } from '../collaboration-status.ts';
import type { Api, ApiEnv } from '../context.ts';
import { actorOf } from '../context.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { findRecorded, updateIdOf } from '../idempotency.ts';
import type { ApiDeps, SteeringOutcome, SteeringTarget } from '../ports.ts';
import type { Metrics } from '../metrics.ts';
import { restoreRun } from '../starts/restorer.ts';
import { startWorkflow } from '../starts/start.ts';
import { ended, unreachable, refused } from '../steering-problems.ts';
import { updateUntilEnd } from '../update-until-end.ts';
import { findCollaboration } from './collaborations.ts';
import { steeringRoutes } from './steering-routes.ts';

const REASON_DEFAULT = 'no reason given';

/** What steering needs: a run that Temporal has forgotten is started again first, and counted. */
export interface SteeringDeps extends ApiDeps {
  readonly metrics: Pick<Metrics, 'starts'>;
}

/** Adds the routes that pause, resume, cancel and close. */
export function addSteering(api: Api, deps: SteeringDeps): void {
  const { engine } = deps;
  api.openapi(steeringRoutes.pause, async (c) =>
    answerSteering(c, deps, {
      step: 'pause',
      asked: {},
      send: (target, by) => engine.pause(target, { by }),
    }),
  );
  api.openapi(steeringRoutes.resume, async (c) =>
    answerSteering(c, deps, {
      step: 'resume',
      asked: {},
      send: (target, by) => engine.resume(target, { by }),
    }),
  );
  api.openapi(steeringRoutes.cancel, async (c) => {
    const { reason = REASON_DEFAULT } = c.req.valid('json');
    return answerSteering(c, deps, {
      step: 'cancel',
      asked: { reason },
      send: (target, by) => engine.cancel(target, { by, reason }),
    });
  });
  api.openapi(steeringRoutes.close, async (c) => {
    const { scope = 'round' } = c.req.valid('json');
    return answerSteering(c, deps, {
      step: 'close',
      asked: { scope },
      send: (target, by) => engine.close(target, { by, scope }),
    });
  });
}

async function answerSteering(
  c: Context<ApiEnv>,
  deps: SteeringDeps,
  call: SteeringCall & Pick<SteeringUpdate, 'send'>,
): Promise<Response> {
  const { run, recorded } = await findSteerable(c, deps, call);
  const { steered } = await steer(c, deps, { ...call, run, recorded });
  return c.json(steered, 200);
}

/** What a request asks of a run. */
export interface SteeringCall {
  /** Name of the step, as in its path. */
  readonly step: string;
  /** What the step's event says because of the request's body; the same key must ask for the same. */
  readonly asked: object;
}

/** A run that can be steered, and what the request's key did to it before. */
export interface Steerable {
  readonly run: Collaboration;
  readonly recorded: LedgerEvent | undefined;
}

/**
 * Finds the run that a request steers and makes sure that its workflow exists. A request that is repeated by its
 * key finds its run also after the end.
 *
 * @throws `Problem` `not-found`, `idempotency-key-reused`, `collaboration-ended`, `temporal-unavailable`
 */
export async function findSteerable(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  call: SteeringCall,
  id = c.req.param('id') ?? '',
): Promise<Steerable> {
  const tenantId = c.get('tenantId');
  const run = await findCollaboration(deps, tenantId, id);
  const recorded = await recordedFor(c, deps, { run, call });
  if (recorded !== undefined) return { run, recorded };
  const { collaborationId, status } = run;
  if (isEnded(run)) throw ended(collaborationId, status);
  if (status === 'queued' && !(await startWorkflow(deps, { ...run, tenantId }))) {
    throw unreachable(undefined);
  }
  return { run, recorded };
}

/** One step of steering. */
export interface SteeringUpdate extends SteeringCall, Steerable {
  readonly send: (target: SteeringTarget, by: string) => Promise<SteeringOutcome>;
}

/** What a step came to: the answer, and the event that a key finds it by. */
export interface SteeringResult {
  readonly steered: { readonly id: string; readonly status: string };
  readonly recorded: LedgerEvent | undefined;
}

/**
 * Sends an update to a run and tells what came of it. What the same key did before is told again.
 *
 * @param c - whose Idempotency-Key makes the update one that is done once
 * @param deps - the ledger, in which a key's first use is found, and what brings a forgotten run back
 * @param update - what is sent to whom
 * @throws `Problem` for everything but success
 */
export async function steer(
  c: Context<ApiEnv>,
  deps: SteeringDeps,
  update: SteeringUpdate,
): Promise<SteeringResult> {
  const { run, step, recorded } = update;
  const id = run.collaborationId;
  if (recorded !== undefined) return { steered: { id, status: standingOf(run) }, recorded };
  const tenantId = c.get('tenantId');
  const updateId = updateIdOf(step, keyOf(c) ?? randomUUID());
  const target: SteeringTarget = { collaborationId: id, pattern: run.pattern, updateId };
  const outcome = await sendToKnown(deps, tenantId, { target, update });
  if (outcome.kind === 'ended' || outcome.kind === 'refused') {
    // It may have been taken by a task of the run that broke off, and recorded before it was refused.
    const { asked } = update;
    const left = await findRecorded(deps, { tenantId, collaborationId: id, updateId, asked });
    if (left !== undefined)
      return { steered: { id, status: standingAfter(outcome, run) }, recorded: left };
  }
  switch (outcome.kind) {
    case 'done':
      return {
        steered: { id, status: outcome.status },
        // Of two calls at once with one key the run did one: the other may have asked for something else.
        recorded: await recordedFor(c, deps, { run, call: update }),
      };
    case 'refused':
      throw refused(outcome);
    case 'ended':
      throw ended(id, 'ended');
    case 'unreachable':
      throw unreachable(outcome.cause);
  }
}

/** A run that goes on by the ledger and that Temporal does not know was forgotten: it is brought back, and told again. */
async function sendToKnown(
  deps: SteeringDeps,
  tenantId: string,
  { target, update }: { target: SteeringTarget; update: SteeringUpdate },
): Promise<SteeringOutcome> {
  const { collaborationId } = target;
  const run = { tenantId, collaborationId };
  const send = async (): Promise<SteeringOutcome> =>
    await updateUntilEnd(deps, run, () => update.send(target, actorOf(tenantId)));
  const outcome = await send();
  if (outcome.kind !== 'ended') return outcome;
  const kind = await restoreRun(deps, deps.metrics, run);
  if (kind === 'unreachable') return { kind, cause: undefined };
  return kind === 'restored' ? await send() : outcome;
}

function standingAfter(outcome: SteeringOutcome, run: Collaboration): string {
  const isRefused = outcome.kind === 'refused' && outcome.type === 'collaboration-ended';
  return outcome.kind === 'ended' || isRefused ? 'ended' : standingOf(run);
}

/** Where a run stands, in the words with which it answers an update. */
function standingOf(run: Collaboration): string {
  if (isEnded(run)) return 'ended';
  return run.status === 'paused' || run.status === 'waiting' ? run.status : 'running';
}

/** Finds what the request's key did to a run before; `undefined` for nothing, and without a key. */
async function recordedFor(
  c: Context<ApiEnv>,
  deps: Pick<ApiDeps, 'ledger'>,
  about: { run: Collaboration; call: SteeringCall },
): Promise<LedgerEvent | undefined> {
  const key = keyOf(c);
  if (key === undefined) return undefined;
  const { run, call } = about;
  return await findRecorded(deps, {
    tenantId: c.get('tenantId'),
    collaborationId: run.collaborationId,
    updateId: updateIdOf(call.step, key),
    asked: call.asked,
  });
}

/** Gives the key with which a request names itself. */
export function keyOf(c: Context<ApiEnv>): string | undefined {
  return c.req.header('idempotency-key');
}
