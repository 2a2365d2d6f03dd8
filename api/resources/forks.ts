import { createRoute } from '@hono/zod-openapi';

import { forkSchema } from '../../domain/replay/fork-schema.ts';
import { acceptedView } from '../collaboration-view.ts';
import type { Api } from '../context.ts';
import type { Metrics } from '../metrics.ts';
import type { ApiDeps } from '../ports.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, keyedProblems } from '../routes.ts';
import { acceptedSchema } from '../schemas/collaboration.ts';
import { collaborationParams, idempotencyHeaders } from '../schemas/parameters.ts';
import { forkCollaboration } from '../starts/fork.ts';
import { findCollaboration } from './collaborations.ts';

const forkRoute = createRoute({
  method: 'post',
  path: '/v1/collaborations/{id}/forks',
  operationId: 'forkCollaboration',
  summary: 'Fork a collaboration',
  description:
    'Starts a new collaboration that begins with what this one had come to at one moment before its verdict, and goes on ' +
    'from there; also while this one runs. Replies that it takes over cost nothing: `estimate`, `budget` and the cost of ' +
    'its decision are of what is new. Thresholds, raised limits, refusals, pauses, closings and the deadline are not taken over.',
  middleware: jsonBody({ isOptional: true }),
  request: {
    params: collaborationParams,
    headers: idempotencyHeaders,
    body: { content: { 'application/json': { schema: forkSchema } }, required: false },
  },
  responses: {
    202: answers('Accepted. It runs, or will as soon as a worker can.', acceptedSchema),
    ...keyedProblems(...bodyProblems, 'not-found', 'idempotency-key-reused'),
  },
});

/** Adds the route that forks. */
export function addForks(api: Api, deps: ApiDeps, metrics: Pick<Metrics, 'starts'>): void {
  api.openapi(forkRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const origin = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    const { collaborationId, isReplayed, status, planned } = await forkCollaboration(
      deps,
      metrics,
      {
        tenantId,
        origin,
        asked: c.req.valid('json'),
        idempotencyKey: c.req.valid('header')['idempotency-key'],
      },
    );
    c.header('Location', `/v1/collaborations/${collaborationId}`);
    if (isReplayed) c.header('Idempotency-Replayed', 'true');
    return c.json(acceptedView({ id: collaborationId, status, ...planned }), 202);
  });
}
