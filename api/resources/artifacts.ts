import { createRoute, z } from '@hono/zod-openapi';

import { shown } from '../../domain/planning/fault.ts';
import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound, Problem } from '../problem.ts';
import { mediaTypeOf, readBytes } from '../request-body.ts';
import { answers, invalidRequest, keyedProblems } from '../routes.ts';
import { answerArtifact } from './outcome.ts';

/** Most bytes of one artifact that a caller puts: 10 MiB. */
const artifactBytesMax = 10 * 1024 * 1024;

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;\s*[\w.-]+=(?:[\w.+-]+|"[^"\r\n]*"))*$/;

const putRoute = createRoute({
  method: 'post',
  path: '/v1/artifacts',
  operationId: 'putArtifact',
  summary: 'Put bytes',
  description:
    'The body is kept as it is, up to 10 MiB, under its SHA-256. Name it in `materials` as `{ "artifact": "<sha256>" }`.',
  request: {
    body: {
      content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } },
      required: true,
    },
  },
  responses: {
    201: answers(
      'Kept.',
      z.object({ sha256: z.string(), bytes: z.int(), mediaType: z.string() }).openapi('Artifact'),
    ),
    ...keyedProblems('too-large', 'unsupported-media-type', 'artifacts-unavailable'),
  },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/artifacts/{sha256}',
  operationId: 'getArtifact',
  summary: 'Get bytes',
  request: {
    params: z.object({ sha256: z.string().openapi({ param: { name: 'sha256', in: 'path' } }) }),
  },
  responses: {
    200: {
      description: 'The bytes, with the media type that they were put with.',
      content: { '*/*': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    304: { description: 'It is what the caller has (`If-None-Match`).' },
    ...keyedProblems('not-found', 'artifacts-unavailable'),
  },
});

/** Adds the routes for bytes by their hash. */
export function addArtifacts(api: Api, deps: ApiDeps): void {
  api.openapi(putRoute, async (c) => {
    const mediaType = c.req.header('content-type') ?? 'application/octet-stream';
    // A form around the bytes would be kept as part of them, and S3 servers take such a body apart.
    if (mediaTypeOf(c)?.startsWith('multipart/')) throw formRefused(mediaType);
    if (mediaTypeOf(c) === undefined || MEDIA_TYPE.test(mediaType)) {
      const bytes = await readBytes(c, artifactBytesMax);
      if (bytes.byteLength === 0) throw invalidRequest([empty]);
      const entry = await deps.artifacts.put(c.get('tenantId'), { bytes, mediaType });
      c.header('Location', `/v1/artifacts/${entry.sha256}`);
      return c.json(entry, 201);
    }
    const expected = 'a media type, for instance text/markdown';
    throw invalidRequest([{ field: 'Content-Type', got: shown(mediaType), expected }]);
  });
  api.openapi(getRoute, async (c) => {
    const { sha256 } = c.req.valid('param');
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw notFound('artifact', sha256);
    return await answerArtifact(c, deps, { tenantId: c.get('tenantId'), sha256 });
  });
}

const empty = { field: 'body', got: 'no bytes', expected: '1 to 10,485,760 bytes' };

function formRefused(mediaType: string): Problem {
  const expected = 'the bytes themselves with their own media type, no form';
  return new Problem('unsupported-media-type', {
    detail: `The body must be ${expected}.`,
    errors: [{ field: 'Content-Type', got: shown(mediaType), expected }],
  });
}
