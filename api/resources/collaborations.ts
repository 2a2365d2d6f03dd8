import { createRoute, z } from '@hono/zod-openapi';

import type { CollaborationRequest } from '../../domain/collaboration/request.ts';
import { collaborationRequestSchema } from '../../domain/collaboration/request-schema.ts';
import { patterns } from '../../domain/collaboration/plan.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { collaborationStatuses } from '../../infra/stores/collaboration-store.ts';
import { isEnded } from '../collaboration-status.ts';
import {
  acceptedView,
  collaborationView,
  estimateView,
  isSimulated,
  summaryView,
} from '../collaboration-view.ts';
import type { Api } from '../context.ts';
import type { Metrics } from '../metrics.ts';
import { createdQuery, given, pageQuery, readNewestFirst } from '../newest-first.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, keyedProblems } from '../routes.ts';
import {
  acceptedSchema,
  collaborationSchema,
  pageSchema,
  plannedSchema,
} from '../schemas/collaboration.ts';
import { collaborationParams, isCollaborationId } from '../schemas/parameters.ts';
import { planRequest } from '../starts/planning.ts';
import { startHeaders, waitSecondsOf } from '../starts/prefer.ts';
import { startCollaboration } from '../starts/start.ts';
import { waitForEnd } from '../starts/wait.ts';

const startBody = {
  content: {
    'application/json': { schema: collaborationRequestSchema.openapi('CollaborationRequest') },
  },
  required: true,
};

const startRoute = createRoute({
  method: 'post',
  path: '/v1/collaborations',
  operationId: 'startCollaboration',
  summary: 'Start a collaboration',
  middleware: jsonBody(),
  request: {
    headers: startHeaders,
    body: startBody,
  },
  responses: {
    200: answers('It has ended within the time that `Prefer: wait` gave.', collaborationSchema),
    202: answers('Accepted. It runs, or will as soon as a worker can.', acceptedSchema),
    ...keyedProblems(...bodyProblems, 'idempotency-key-reused', 'artifacts-unavailable'),
  },
});

const estimateRoute = createRoute({
  method: 'post',
  path: '/v1/collaborations/estimate',
  operationId: 'estimateCollaboration',
  summary: 'Plan a collaboration without starting it',
  middleware: jsonBody(),
  request: { body: startBody },
  responses: {
    200: answers(
      'How it would run and what it would cost at most. Nothing was started.',
      plannedSchema,
    ),
    ...keyedProblems(...bodyProblems),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations',
  operationId: 'listCollaborations',
  summary: 'List collaborations, newest first',
  request: {
    query: z.strictObject({
      status: z.enum(collaborationStatuses).optional(),
      pattern: z.enum(patterns).optional(),
      origin: z
        .string()
        .optional()
        .openapi({ description: 'Only forks of the collaboration with this id.' }),
      parent: z.string().optional().openapi({
        description: 'Only the parts of the analysis with this id. Without it no parts are listed.',
      }),
      ...createdQuery,
      ...pageQuery,
    }),
  },
  responses: {
    200: answers('A page.', pageSchema),
    ...keyedProblems('cursor-invalid'),
  },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}',
  operationId: 'getCollaboration',
  summary: 'Show a collaboration',
  request: { params: collaborationParams },
  responses: {
    200: answers('Its state, plan, budget and, once sealed, its decision.', collaborationSchema),
    ...keyedProblems('not-found'),
  },
});

/**
 * Finds a tenant's collaboration.
 *
 * @throws `Problem` `not-found`, also for another tenant's
 */
export async function findCollaboration(
  deps: Pick<ApiDeps, 'collaborations'>,
  tenantId: string,
  id: string,
): Promise<Collaboration> {
  const row = isCollaborationId(id) ? await deps.collaborations.get(tenantId, id) : undefined;
  if (row === undefined) throw notFound('collaboration', id);
  return row;
}

interface Surroundings {
  readonly metrics: Metrics;
  /** Aborted when this process is about to end. */
  readonly stopping: AbortSignal;
}

/** Adds the routes that start, list and show collaborations. */
export function addCollaborations(api: Api, deps: ApiDeps, app: Surroundings): void {
  addStart(api, deps, app);
  api.openapi(estimateRoute, async (c) => {
    const request = c.req.valid('json') as CollaborationRequest;
    const { plan, estimate } = await planRequest(deps, c.get('tenantId'), request);
    const view = { plan, estimate: estimateView(estimate), simulated: isSimulated(plan) };
    return c.json(view, 200);
  });
  api.openapi(listRoute, async (c) => {
    const { cursor, limit, ...filters } = c.req.valid('query');
    const page = await readNewestFirst(
      c.req.url,
      { cursor, limit },
      {
        isId: isCollaborationId,
        read: async (after, most) =>
          await deps.collaborations.list({
            tenantId: c.get('tenantId'),
            ...given(filters),
            ...(after && { cursor: { createdAt: after.createdAt, collaborationId: after.id } }),
            limit: most,
          }),
        placeOf: ({ createdAt, collaborationId: id }) => ({ createdAt, id }),
        viewOf: summaryView,
      },
    );
    return c.json(page, 200);
  });
  api.openapi(getRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    return c.json(await collaborationView(deps, tenantId, row), 200);
  });
}

function addStart(api: Api, deps: ApiDeps, app: Surroundings): void {
  api.openapi(startRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const headers = c.req.valid('header');
    const waitSeconds = waitSecondsOf(headers.prefer);
    const started = await startCollaboration(deps, app.metrics, {
      tenantId,
      request: c.req.valid('json'),
      idempotencyKey: headers['idempotency-key'],
    });
    const { collaborationId } = started;
    c.header('Location', `/v1/collaborations/${collaborationId}`);
    if (started.isReplayed) c.header('Idempotency-Replayed', 'true');
    const row =
      waitSeconds === undefined
        ? undefined
        : await waitForEnd(
            deps,
            { tenantId, collaborationId },
            {
              waitMs: waitSeconds * 1000,
              signal: AbortSignal.any([c.req.raw.signal, app.stopping]),
            },
          );
    if (waitSeconds !== undefined) c.header('Preference-Applied', `wait=${waitSeconds}`);
    if (row !== undefined && waitSeconds !== undefined && isEnded(row)) {
      return c.json(await collaborationView(deps, tenantId, row), 200);
    }
    const { plan, estimate } = row ?? started.planned;
    const status = row === undefined ? started.status : row.status;
    return c.json(acceptedView({ id: collaborationId, status, plan, estimate }), 202);
  });
}
