import { createRoute, z } from '@hono/zod-openapi';

import type { SealedRecord } from '../../domain/collaboration/decision.ts';
import { changesSchema, withoutWhatIf, type Changes } from '../../domain/replay/changes.ts';
import { compare } from '../../domain/replay/comparison.ts';
import { momentOf } from '../../domain/replay/moment.ts';
import { recordedRun } from '../../domain/replay/recorded-run.ts';
import { replay } from '../../domain/replay/replay.ts';
import { whatIf } from '../../domain/replay/what-if.ts';
import { sha256Of } from '../../infra/signing.ts';
import { readRecord } from '../collaboration-view.ts';
import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, invalidRequest, keyedProblems } from '../routes.ts';
import { collaborationParams, queryInteger, queryTime } from '../schemas/parameters.ts';
import { comparisonSchema, momentSchema, replaySchema } from '../schemas/replay.ts';
import { readStream, type StreamReading } from '../transcript.ts';
import { findCollaboration } from './collaborations.ts';
import { noOutcome } from './outcome.ts';

const SEQ_MAX = 2_147_483_647;

const replaysRoute = createRoute({
  method: 'post',
  path: '/v1/collaborations/{id}/replays',
  operationId: 'replay',
  summary: 'Replay a collaboration, or ask a what-if of it',
  description:
    'Without changes its machine gets the recorded replies and steps and decides everything else again: `equal`, or ' +
    '`different` with the first difference. With changes, `answered` says what would have come out of the same replies, ' +
    'and `unanswerable` which replies would be needed that were never given. No model is called, nothing is stored. ' +
    'An analysis can be replayed; a what-if is asked of its parts.',
  middleware: jsonBody({ isOptional: true }),
  request: {
    params: collaborationParams,
    body: { content: { 'application/json': { schema: changesSchema } }, required: false },
  },
  responses: {
    200: answers('What it comes to; `kind` says what it is.', replaySchema),
    ...keyedProblems(...bodyProblems, 'not-found', 'not-ended', 'artifacts-unavailable'),
  },
});

const comparisonRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/comparison',
  operationId: 'compareProtocols',
  summary: 'Count one record under every protocol',
  description:
    'A row for each: what would have come out, or which replies were never given. The own protocol comes first. ' +
    'None of an analysis, whose parts vote.',
  request: { params: collaborationParams },
  responses: {
    200: answers('All protocols over this record.', comparisonSchema),
    ...keyedProblems('not-found', 'not-ended', 'artifacts-unavailable'),
  },
});

const stateRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/state',
  operationId: 'getState',
  summary: 'Show a collaboration as it was at one moment',
  description: 'After an event, at a time, or now when neither is given; also of one that runs.',
  request: {
    params: collaborationParams,
    query: z.strictObject({
      seq: queryInteger({ from: 1, to: SEQ_MAX })
        .optional()
        .openapi({ description: 'After the event with this number.' }),
      at: queryTime().optional().openapi({ description: 'At this time.' }),
    }),
  },
  responses: {
    200: answers('Positions, votes, budget and context as they were.', momentSchema),
    ...keyedProblems('not-found', 'artifacts-unavailable'),
  },
});

/** Adds the routes that look back: replay, what-if, comparison, state at a moment. None reaches a model or Temporal. */
export function addReplays(
  api: Api,
  deps: Pick<ApiDeps, 'collaborations' | 'ledger' | 'artifacts'>,
): void {
  api.openapi(replaysRoute, async (c) => {
    const run = await readEnded(deps, c.get('tenantId'), c.req.valid('param').id);
    const changes = c.req.valid('json') as Changes;
    if (Object.keys(changes).length === 0) return c.json(replay(run, sha256Of), 200);
    const result = whatIf(recordedRun(run.events, run.resolve), changes);
    if (result.kind === 'refused') throw invalidRequest(result.faults);
    return c.json(result, 200);
  });
  api.openapi(comparisonRoute, async (c) => {
    const run = await readEnded(deps, c.get('tenantId'), c.req.valid('param').id);
    const recorded = recordedRun(run.events, run.resolve);
    const refused = withoutWhatIf(recorded.plan);
    if (refused.length > 0) throw invalidRequest(refused);
    return c.json(compare(recorded), 200);
  });
  api.openapi(stateRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { collaborationId } = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    const { seq, at } = c.req.valid('query');
    const { events, resolve } = await readStream(deps, tenantId, collaborationId);
    const asked = { ...(seq === undefined ? {} : { seq }), ...(at === undefined ? {} : { at }) };
    const result = momentOf(events, asked, resolve);
    if (!result.ok) throw invalidRequest(result.faults);
    return c.json(result.moment, 200);
  });
}

/**
 * Reads a run that has ended, with its record.
 *
 * @throws `Problem` `not-found`, `not-ended`
 */
async function readEnded(
  deps: Pick<ApiDeps, 'collaborations' | 'ledger' | 'artifacts'>,
  tenantId: string,
  id: string,
): Promise<StreamReading & { readonly record: SealedRecord }> {
  const row = await findCollaboration(deps, tenantId, id);
  const record = await readRecord(deps, tenantId, row);
  if (record === null) throw noOutcome(row);
  return { ...(await readStream(deps, tenantId, row.collaborationId)), record };
}
