import type { Context } from 'hono';

import { isDecided } from '../collaboration-status.ts';
import type { Api, ApiEnv } from '../context.ts';
import { actorOf } from '../context.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { ApiDeps, SteeringOutcome, SteeringTarget } from '../ports.ts';
import { startWorkflow } from '../starts/start.ts';
import { ended, unreachable, refused } from '../steering-problems.ts';
import { findCollaboration } from './collaborations.ts';
import { steeringRoutes } from './steering-routes.ts';

const REASON_DEFAULT = 'no reason given';

/** Adds the routes that pause, resume, cancel and close. */
export function addSteering(api: Api, deps: ApiDeps): void {
  const { engine } = deps;
  api.openapi(steeringRoutes.pause, async (c) =>
    answerSteering(c, deps, 'pause', (target, by) => engine.pause(target, { by })),
  );
  api.openapi(steeringRoutes.resume, async (c) =>
    answerSteering(c, deps, 'resume', (target, by) => engine.resume(target, { by })),
  );
  api.openapi(steeringRoutes.cancel, async (c) => {
    const { reason = REASON_DEFAULT } = c.req.valid('json');
    return answerSteering(c, deps, 'cancel', (target, by) => engine.cancel(target, { by, reason }));
  });
  api.openapi(steeringRoutes.close, async (c) => {
    const { scope = 'round' } = c.req.valid('json');
    return answerSteering(c, deps, 'close', (target, by) => engine.close(target, { by, scope }));
  });
}

async function answerSteering(
  c: Context<ApiEnv>,
  deps: ApiDeps,
  step: 'pause' | 'resume' | 'cancel' | 'close',
  send: (target: SteeringTarget, by: string) => Promise<SteeringOutcome>,
): Promise<Response> {
  const run = await findSteerable(c, deps);
  return c.json(await steer(c, { run, step, send }), 200);
}

/**
 * Finds the run that a request steers and makes sure that its workflow exists.
 *
 * @throws `Problem` `not-found`, `collaboration-ended`, `temporal-unavailable`
 */
export async function findSteerable(c: Context<ApiEnv>, deps: ApiDeps): Promise<Collaboration> {
  const tenantId = c.get('tenantId');
  const row = await findCollaboration(deps, tenantId, c.req.param('id') ?? '');
  const { collaborationId, plan, status } = row;
  if (isDecided(row)) throw ended(collaborationId, status);
  if (status === 'queued' && !(await startWorkflow(deps, { tenantId, collaborationId, plan }))) {
    throw unreachable(undefined);
  }
  return row;
}

/** One step of steering. */
export interface SteeringUpdate {
  readonly run: Collaboration;
  /** Name of the step, as in its path. */
  readonly step: string;
  readonly send: (target: SteeringTarget, by: string) => Promise<SteeringOutcome>;
}

/**
 * Sends an update to a run and tells what came of it.
 *
 * @param c - whose Idempotency-Key makes the update one that is done once
 * @param update - what is sent to whom
 * @throws `Problem` for everything but success
 */
export async function steer(
  c: Context<ApiEnv>,
  update: SteeringUpdate,
): Promise<{ id: string; status: string }> {
  const { run, step, send } = update;
  const key = c.req.header('idempotency-key');
  const target: SteeringTarget = {
    collaborationId: run.collaborationId,
    pattern: run.pattern,
    updateId: key === undefined ? undefined : updateIdOf(step, key),
  };
  const outcome = await send(target, actorOf(c.get('tenantId')));
  switch (outcome.kind) {
    case 'done':
      return { id: run.collaborationId, status: outcome.status };
    case 'refused':
      throw refused(outcome);
    case 'ended':
      throw ended(run.collaborationId, 'ended');
    case 'unreachable':
      throw unreachable(outcome.cause);
  }
}

/** Derives an update's id from a caller's key: the same request again is the same update. */
export function updateIdOf(step: string, key: string): string {
  return `${step}/${key}`;
}
