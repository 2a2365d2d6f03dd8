import { createHash } from 'node:crypto';

import { createRoute } from '@hono/zod-openapi';
import type { z } from '@hono/zod-openapi';

import { outcomeOf, trialsOf, truthOf } from '../../domain/calibration/resolution.ts';
import { questionKindDefault } from '../../domain/calibration/question-kind.ts';
import { readRun } from '../../domain/ledger/run-reading.ts';
import type { RunReading } from '../../domain/ledger/run-reading.ts';
import { shown } from '../../domain/planning/fault.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import type { Resolution } from '../../infra/stores/resolution-store.ts';
import { isEnded } from '../collaboration-status.ts';
import { linksOf } from '../collaboration-view.ts';
import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, invalidRequest, keyedProblems } from '../routes.ts';
import { resolutionBody, resolutionSchema } from '../schemas/calibration.ts';
import { collaborationParams } from '../schemas/parameters.ts';
import { readTexts } from '../transcript.ts';
import { findCollaboration } from './collaborations.ts';

const path = '/v1/collaborations/{id}/resolution';

const resolveRoute = createRoute({
  method: 'post',
  path,
  operationId: 'resolveCollaboration',
  summary: 'Say what turned out to be true',
  description:
    'Once, for a collaboration that has ended; it cannot be changed. The same answer again is answered as before, with the first note.',
  middleware: jsonBody(),
  request: {
    params: collaborationParams,
    body: { content: { 'application/json': { schema: resolutionBody } }, required: true },
  },
  responses: {
    200: answers('Resolved: who was right, before and after the debate.', resolutionSchema),
    ...keyedProblems(
      ...bodyProblems,
      'not-found',
      'not-ended',
      'already-resolved',
      'artifacts-unavailable',
    ),
  },
});

const getRoute = createRoute({
  method: 'get',
  path,
  operationId: 'getResolution',
  summary: 'Show what turned out to be true, and who was right',
  request: { params: collaborationParams },
  responses: {
    200: answers('The resolution.', resolutionSchema),
    ...keyedProblems('not-found', 'not-ended', 'artifacts-unavailable'),
  },
});

/** Adds the routes that say what turned out to be true. */
export function addResolutions(api: Api, deps: ApiDeps): void {
  api.openapi(resolveRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { answer, note } = c.req.valid('json');
    const row = await findEnded(deps, tenantId, c.req.valid('param').id);
    const run = await readEndedRun(deps, tenantId, row);
    const truth = truthOf(run, answer, sha256);
    if (!truth.ok) throw invalidRequest([truth.fault]);
    const { isNew, resolution } = await deps.resolutions.add({
      tenantId,
      collaborationId: row.collaborationId,
      answerKey: truth.key,
      answer: truth.words,
      note: note ?? null,
      questionKind: run.state.plan.questionKind ?? questionKindDefault,
      resolvedAt: new Date(deps.now()).toISOString(),
      trials: trialsOf(run, truth.key),
    });
    if (resolution.answerKey !== truth.key) throw contradicted(row, resolution, truth.words);
    if (!isNew) c.header('Idempotency-Replayed', 'true');
    return c.json(resolutionView(row, resolution, run), 200);
  });
  api.openapi(getRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findEnded(deps, tenantId, c.req.valid('param').id);
    const resolution = await deps.resolutions.get(tenantId, row.collaborationId);
    if (resolution === undefined) throw unresolved(row);
    const run = await readEndedRun(deps, tenantId, row);
    return c.json(resolutionView(row, resolution, run), 200);
  });
}

async function findEnded(deps: ApiDeps, tenantId: string, id: string): Promise<Collaboration> {
  const row = await findCollaboration(deps, tenantId, id);
  if (isEnded(row)) return row;
  const { status } = row;
  throw new Problem('not-ended', {
    detail: `Collaboration ${row.collaborationId} is ${status}; it can be resolved once it has ended.`,
    errors: [{ field: 'status', got: status, expected: 'completed, failed or cancelled' }],
  });
}

async function readEndedRun(
  deps: ApiDeps,
  tenantId: string,
  { collaborationId: stream }: Collaboration,
): Promise<RunReading> {
  const events = await deps.ledger.readUpTo({ tenantId, stream });
  return readRun(events, await readTexts(deps, tenantId, events));
}

function resolutionView(
  row: Collaboration,
  resolution: Resolution,
  run: RunReading,
): z.input<typeof resolutionSchema> {
  const { seats, ...votes } = outcomeOf(run, resolution.answerKey);
  const { self = '' } = linksOf(row.collaborationId);
  return {
    id: row.collaborationId,
    ...resolution,
    ...votes,
    seats: seats.map(({ blind, final, ...seat }) => ({
      ...seat,
      blind: blind && { ...blind, choice: wordsIn(blind.choice) },
      final: final && { ...final, choice: wordsIn(final.choice) },
    })),
    links: { self: `${self}/resolution`, collaboration: self },
  };
}

/** The schema's lists may be written to, the domain's not. */
function wordsIn(choice: string | readonly string[] | null): string | string[] | null {
  return typeof choice === 'string' || choice === null ? choice : [...choice];
}

function contradicted(row: Collaboration, stands: Resolution, given: string): Problem {
  const { answer, resolvedAt, note } = stands;
  const reason = note === null ? '' : ` (${shown(note)})`;
  return new Problem('already-resolved', {
    detail: `Collaboration ${row.collaborationId} was resolved on ${resolvedAt} as ${shown(answer)}${reason}, and stays so.`,
    errors: [{ field: 'answer', got: shown(given), expected: shown(answer) }],
  });
}

function unresolved(row: Collaboration): Problem {
  const detail = `Nobody has said yet what is true in collaboration ${row.collaborationId}.`;
  return new Problem('not-found', { detail });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
