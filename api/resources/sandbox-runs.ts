import { createRoute, z } from '@hono/zod-openapi';

import { endIn, sandboxEndId, sandboxEvent } from '../../domain/sandbox/run-fact.ts';
import { sandboxLanes } from '../../domain/sandbox/run.ts';
import { sandboxRequestSchema } from '../../domain/sandbox/run-request.ts';
import { sandboxRunStatuses } from '../../domain/sandbox/run-state.ts';
import type { SandboxRunRow } from '../../infra/stores/sandbox-run-store.ts';
import { actorOf } from '../context.ts';
import type { Api } from '../context.ts';
import {
  answerEvents,
  EVENTS_LIMIT,
  eventsHeaders,
  eventsQuery,
  eventsResponses,
} from '../events/event-answer.ts';
import type { StreamSource } from '../events/stream-hub.ts';
import type { StreamHubs } from '../events/stream-hubs.ts';
import type { Metrics } from '../metrics.ts';
import { createdQuery, given, pageQuery, readNewestFirst } from '../newest-first.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, keyedProblems } from '../routes.ts';
import { isSandboxRunId, startSandboxRun } from '../sandbox/sandbox-start.ts';
import {
  findSandboxRun,
  sandboxLinks,
  sandboxSummary,
  sandboxView,
} from '../sandbox/sandbox-view.ts';
import {
  sandboxAcceptedSchema,
  sandboxCancelBody,
  sandboxPageSchema,
  sandboxRunParams,
  sandboxRunSchema,
} from '../schemas/sandbox-run.ts';
import { startHeaders, waitSecondsOf } from '../starts/prefer.ts';
import { waitForRow } from '../starts/wait.ts';

const startRoute = createRoute({
  method: 'post',
  path: '/v1/sandbox/runs',
  operationId: 'startSandboxRun',
  summary: 'Run code in the sandbox',
  description:
    'Runs a snippet or a command where it can do no harm: without network, without the secrets of this installation, ' +
    'within limits. For tenants that were granted to run code.',
  middleware: jsonBody(),
  request: {
    headers: startHeaders,
    body: {
      content: { 'application/json': { schema: sandboxRequestSchema.openapi('SandboxRequest') } },
      required: true,
    },
  },
  responses: {
    200: answers('It has ended within the time that `Prefer: wait` gave.', sandboxRunSchema),
    202: answers('Accepted. It runs as soon as a worker can.', sandboxAcceptedSchema),
    ...keyedProblems(
      ...bodyProblems,
      'not-permitted',
      'idempotency-key-reused',
      'artifacts-unavailable',
    ),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/sandbox/runs',
  operationId: 'listSandboxRuns',
  summary: 'List runs in the sandbox, newest first',
  request: {
    query: z.strictObject({
      status: z.enum(sandboxRunStatuses).optional(),
      lane: z.enum(sandboxLanes).optional(),
      ...createdQuery,
      ...pageQuery,
    }),
  },
  responses: { 200: answers('A page.', sandboxPageSchema), ...keyedProblems('cursor-invalid') },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/sandbox/runs/{run}',
  operationId: 'getSandboxRun',
  summary: 'Show a run in the sandbox',
  request: { params: sandboxRunParams },
  responses: {
    200: answers('Where it stands and, once it has ended, what came of it.', sandboxRunSchema),
    ...keyedProblems('not-found', 'artifacts-unavailable'),
  },
});

const eventsRoute = createRoute({
  method: 'get',
  path: '/v1/sandbox/runs/{run}/events',
  operationId: 'readSandboxEvents',
  summary: 'Read or follow the events of a run in the sandbox',
  description:
    'As JSON, a page of the ledger. With `Accept: text/event-stream`, all events from there on as they happen: `id` ' +
    'is the number of the event, `event` its type, `data` the event. `end` is the last one.',
  request: { params: sandboxRunParams, headers: eventsHeaders, query: eventsQuery },
  responses: eventsResponses,
});

const cancelRoute = createRoute({
  method: 'post',
  path: '/v1/sandbox/runs/{run}/cancel',
  operationId: 'cancelSandboxRun',
  summary: 'End a run in the sandbox',
  description:
    'It ends as `killed` within a second, with what it had said by then. Asking twice is asking once.',
  middleware: jsonBody({ isOptional: true }),
  request: {
    params: sandboxRunParams,
    body: { content: { 'application/json': { schema: sandboxCancelBody } }, required: false },
  },
  responses: {
    202: answers('It is being ended.', sandboxAcceptedSchema),
    ...keyedProblems(...bodyProblems, 'not-found', 'run-ended'),
  },
});

interface Surroundings {
  readonly metrics: Metrics;
  readonly hubs: StreamHubs;
  /** Aborted when this process is about to end. */
  readonly stopping: AbortSignal;
}

/** Adds the routes for runs in the sandbox. */
export function addSandboxRuns(api: Api, deps: ApiDeps, app: Surroundings): void {
  addStart(api, deps, app);
  api.openapi(listRoute, async (c) => {
    const { cursor, limit, ...filters } = c.req.valid('query');
    const page = await readNewestFirst(
      c.req.url,
      { cursor, limit },
      {
        isId: isSandboxRunId,
        read: async (after, most) =>
          await deps.sandboxRuns.list({
            tenantId: c.get('tenantId'),
            ...given(filters),
            ...(after && { cursor: { createdAt: after.createdAt, runId: after.id } }),
            limit: most,
          }),
        placeOf: ({ createdAt, runId: id }) => ({ createdAt, id }),
        viewOf: sandboxSummary,
      },
    );
    return c.json(page, 200);
  });
  api.openapi(getRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { runId } = await findSandboxRun(deps, tenantId, c.req.valid('param').run);
    return c.json(await sandboxView(deps, tenantId, runId), 200);
  });
  addEventsOfRuns(api, deps, app.hubs);
  addCancel(api, deps);
}

function addStart(api: Api, deps: ApiDeps, { metrics, stopping }: Surroundings): void {
  api.openapi(startRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const headers = c.req.valid('header');
    const waitSeconds = waitSecondsOf(headers.prefer);
    const { runId, isReplayed } = await startSandboxRun(deps, metrics, {
      tenantId,
      request: c.req.valid('json'),
      idempotencyKey: headers['idempotency-key'],
    });
    c.header('Location', `/v1/sandbox/runs/${runId}`);
    if (isReplayed) c.header('Idempotency-Replayed', 'true');
    const read = async (): Promise<SandboxRunRow | undefined> =>
      await deps.sandboxRuns.get(tenantId, runId);
    if (waitSeconds === undefined) return c.json(acceptedView(runId, await read()), 202);
    const signal = AbortSignal.any([c.req.raw.signal, stopping]);
    const until = { waitMs: waitSeconds * 1000, signal };
    const row = await waitForRow(deps.feed, { tenantId, stream: runId, read }, until);
    c.header('Preference-Applied', `wait=${waitSeconds}`);
    if ((row?.endedAt ?? null) === null) return c.json(acceptedView(runId, row), 202);
    return c.json(await sandboxView(deps, tenantId, runId), 200);
  });
}

function addEventsOfRuns(api: Api, deps: ApiDeps, hubs: StreamHubs): void {
  api.openapi(eventsRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { runId: stream, endedAt } = await findSandboxRun(
      deps,
      tenantId,
      c.req.valid('param').run,
    );
    const { after = 0, limit = EVENTS_LIMIT } = c.req.valid('query');
    const lastEventId = c.req.valid('header')['last-event-id'];
    const source = sourceOf(deps, tenantId, stream);
    return await answerEvents(
      c,
      { deps, hubs },
      { tenantId, stream, isOver: endedAt !== null, source },
      { after, limit, lastEventId, live: false },
    );
  });
}

function addCancel(api: Api, deps: ApiDeps): void {
  api.openapi(cancelRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findSandboxRun(deps, tenantId, c.req.valid('param').run);
    const { runId } = row;
    const { reason = '' } = c.req.valid('json');
    const time = new Date(deps.now()).toISOString();
    const about = { runId, source: actorOf(tenantId), time };
    const event = sandboxEvent({ type: 'sandbox.cancelled', reason }, about);
    const at = { tenantId, stream: runId, end: sandboxEndId(runId) };
    const ended = endIn(await deps.ledger.appendBefore({ ...at, event }));
    if (ended !== undefined) {
      throw new Problem('run-ended', { detail: `${runId} has ended: ${ended.status}.` });
    }
    // The worker that has it has heard by now; this reaches a run that no worker has.
    const outcome = await deps.sandboxEngine.cancel(runId);
    if (outcome.kind === 'unreachable') {
      deps.log.warn(
        { runId, err: outcome.cause },
        'run in sandbox could not be cancelled on Temporal',
      );
    }
    return c.json(acceptedView(runId, row), 202);
  });
}

function acceptedView(id: string, row: Pick<SandboxRunRow, 'status'> | undefined) {
  return { id, status: row?.status ?? ('queued' as const), links: sandboxLinks(id) };
}

function sourceOf(deps: ApiDeps, tenantId: string, stream: string): StreamSource {
  return {
    read: async (after, limit) =>
      await deps.ledger.read({ tenantId, stream, afterSeq: after, limit }),
    isOver: async () => {
      const row = await deps.sandboxRuns.get(tenantId, stream);
      return row?.endedAt !== null;
    },
    subscribe: ({ onHint }) => deps.feed.watch(tenantId, stream, onHint),
    announceInterest: async () => {
      await Promise.resolve(); // nothing of a run streams
    },
  };
}
