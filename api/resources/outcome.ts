import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { transcriptMarkdown } from '../../domain/ledger/transcript-markdown.ts';
import type { Collaboration } from '../../infra/stores/collaboration-store.ts';
import { isEnded } from '../collaboration-status.ts';
import { linksOf, readDecision } from '../collaboration-view.ts';
import type { Api, ApiEnv } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound, Problem } from '../problem.ts';
import { answers, keyedProblems } from '../routes.ts';
import { decisionSchema } from '../schemas/decision.ts';
import { collaborationParams } from '../schemas/parameters.ts';
import { transcriptSchema } from '../schemas/transcript.ts';
import { readTranscript } from '../transcript.ts';
import { findCollaboration } from './collaborations.ts';

const MARKDOWN = 'text/markdown; charset=utf-8';

const pending = keyedProblems('not-found', 'not-ended', 'artifacts-unavailable');

const decisionRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/decision',
  operationId: 'getDecision',
  summary: 'Show the decision',
  request: { params: collaborationParams },
  responses: {
    200: answers('The decision, as the record seals it.', decisionSchema),
    ...pending,
  },
});

const recordRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/record',
  operationId: 'getRecord',
  summary: 'Get the sealed record',
  description: 'The very bytes that were sealed. `ETag` is their SHA-256.',
  request: { params: collaborationParams },
  responses: {
    200: answers('The record; verify it with `npm run conclave -- verify`.', z.looseObject({})),
    304: { description: 'It is what the caller has (`If-None-Match`).' },
    ...pending,
  },
});

const transcriptRoute = createRoute({
  method: 'get',
  path: '/v1/collaborations/{id}/transcript',
  operationId: 'getTranscript',
  summary: 'Get the transcript',
  description: 'Markdown by default, JSON with `Accept: application/json`.',
  request: { params: collaborationParams },
  responses: {
    200: {
      description: 'Everything that was said, as far as the run is.',
      content: {
        'text/markdown': { schema: z.string() },
        'application/json': { schema: transcriptSchema },
      },
    },
    304: { description: 'It is what the caller has (`If-None-Match`).' },
    ...keyedProblems('not-found', 'artifacts-unavailable'),
  },
});

/** Adds the routes that show what came out. */
export function addOutcome(api: Api, deps: ApiDeps): void {
  api.openapi(decisionRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    const decision = await readDecision(deps, tenantId, row);
    if (decision === null) throw noOutcome(row);
    return c.json(decision, 200);
  });
  api.openapi(recordRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    if (row.recordSha256 === null) throw noOutcome(row);
    return await answerArtifact(c, deps, { tenantId, sha256: row.recordSha256 });
  });
  api.openapi(transcriptRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const row = await findCollaboration(deps, tenantId, c.req.valid('param').id);
    if (row.transcriptSha256 !== null && !wantsJson(c)) {
      return await answerArtifact(c, deps, { tenantId, sha256: row.transcriptSha256 });
    }
    const transcript = await readTranscript(deps, tenantId, row.collaborationId);
    if (wantsJson(c)) return c.json(transcript, 200);
    return c.body(transcriptMarkdown(transcript), 200, { 'content-type': MARKDOWN });
  });
}

/**
 * Answers an artifact with its hash as `ETag`, or 304 when the caller has it already.
 *
 * @throws `Problem` `not-found`
 */
export async function answerArtifact(
  c: Context<ApiEnv>,
  deps: Pick<ApiDeps, 'artifacts'>,
  artifact: { tenantId: string; sha256: string },
): Promise<Response> {
  const { tenantId, sha256 } = artifact;
  const headers = { etag: `"${sha256}"`, 'cache-control': 'private, max-age=31536000, immutable' };
  const known = (c.req.header('if-none-match') ?? '').split(',').map((tag) => tag.trim());
  const entry = await deps.artifacts.describe(tenantId, sha256);
  if (entry === undefined) throw notFound('artifact', sha256);
  if (known.includes(headers.etag)) return c.body(null, 304, headers);
  const found = await deps.artifacts.get(tenantId, sha256);
  if (found === undefined) throw notFound('artifact', sha256);
  return c.body(found.bytes as Uint8Array<ArrayBuffer>, 200, {
    ...headers,
    'content-type': found.mediaType,
    // What a tenant put is data: no browser may run it as a page of this API.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });
}

function wantsJson(c: Context<ApiEnv>): boolean {
  const accept = c.req.header('accept') ?? '';
  return /\bapplication\/json\b/i.test(accept) && !/\btext\/markdown\b/i.test(accept);
}

/** Makes the problem for a run that has no sealed decision: not yet, or never. */
export function noOutcome(row: Collaboration): Problem {
  const { status } = row;
  return new Problem('not-ended', {
    detail: isEnded(row)
      ? `Collaboration ${row.collaborationId} ended as ${status}, without a sealed decision.`
      : `Collaboration ${row.collaborationId} is ${status}; its decision is still to come.`,
    errors: [{ field: 'status', got: status, expected: 'completed' }],
    headers: { link: `<${linksOf(row.collaborationId)['events'] ?? ''}>; rel="monitor"` },
  });
}
