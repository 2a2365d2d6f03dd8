import { z } from '@hono/zod-openapi';

import { limitRanges } from '../../domain/sandbox/limits.ts';
import { grantModes, sandboxLanes } from '../../domain/sandbox/run.ts';
import { runEndStatuses } from '../../domain/sandbox/run-fact.ts';
import { sandboxRunStatuses } from '../../domain/sandbox/run-state.ts';
import { linksSchema } from './links.ts';

/** Path of everything about one run. An id of another shape is unknown, not malformed. */
export const sandboxRunParams = z.object({
  run: z
    .string()
    .openapi({ param: { name: 'run', in: 'path' }, example: 'r_01kajqpm9fh3gd8vmxq5ze2rtw' }),
});

const status = z.enum(sandboxRunStatuses).openapi({
  description:
    '`queued`: no worker has it yet. `running`: one has. Else how it ended: `ok`; `error`, by itself; `timeout`, ' +
    '`memory`, `output`, `disk`, `fuel`, the limit that ended it; `killed`, cancelled or ended from outside; `refused`, it ' +
    'never ran, since nothing here protects or a grant is not allowed; `failed`, no try came to a result.',
});

const kept = z
  .object({ artifact: z.string(), bytes: z.int() })
  .openapi('KeptBytes', { description: 'Bytes of `GET /v1/artifacts/{artifact}`.' });
const text = z
  .union([z.string(), kept])
  .openapi({ description: 'In place up to 65,536 bytes; else where the bytes are.' });

const grantSchema = z.object({
  folder: z.string(),
  path: z.string(),
  mode: z.enum(grantModes),
});

const limitNames = Object.keys(limitRanges) as (keyof typeof limitRanges)[];
const limitsShape = Object.fromEntries(limitNames.map((name) => [name, z.int()])) as Record<
  keyof typeof limitRanges,
  z.ZodInt
>;

const resultSchema = z
  .object({
    status: z.enum(runEndStatuses),
    reason: z.string(),
    exitCode: z.int().nullable(),
    value: text
      .nullable()
      .openapi({ description: 'What a snippet ended with, or gave to `output`, as JSON text.' }),
    stdout: text,
    stderr: text,
    diff: text
      .nullable()
      .openapi({ description: 'What changed in `copy` grants, as a unified diff.' }),
    files: z.array(kept.extend({ path: z.string() })).openapi({
      description: 'What was left in `/artifacts`.',
    }),
    filesLeftOut: z.array(z.string()),
    isTruncated: z.boolean(),
    fuelUsed: z.int().nullable().openapi({ description: 'In units of 10,000 branches.' }),
    peakMemoryBytes: z.int().nullable(),
    durationMs: z.number(),
    backend: z
      .object({ name: z.string(), version: z.string(), proven: z.array(z.string()).readonly() })
      .nullable()
      .openapi({ description: 'What ran it, and what that had proved by trying on this machine.' }),
  })
  .openapi('SandboxResult');

/** A run that was accepted. */
export const sandboxAcceptedSchema = z
  .object({ id: z.string(), status, links: linksSchema })
  .openapi('AcceptedSandboxRun');

/** A whole run. */
export const sandboxRunSchema = z
  .object({
    id: z.string(),
    lane: z.enum(sandboxLanes),
    status,
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    attempts: z
      .int()
      .openapi({ description: 'How often it was begun; again where a worker died.' }),
    cancelled: z.object({ by: z.string(), reason: z.string(), at: z.string() }).nullable(),
    request: kept,
    limits: z.object(limitsShape),
    grants: z.array(grantSchema),
    seed: z.string(),
    result: resultSchema.nullable(),
    links: linksSchema,
  })
  .openapi('SandboxRun');

/** A run in short. */
export const sandboxSummarySchema = z
  .object({
    id: z.string(),
    lane: z.enum(sandboxLanes),
    status,
    attempts: z.int(),
    isCancelled: z.boolean(),
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    links: linksSchema,
  })
  .openapi('SandboxRunSummary');

/** A page of runs. */
export const sandboxPageSchema = z
  .object({ items: z.array(sandboxSummarySchema), next: z.string().nullable(), links: linksSchema })
  .openapi('SandboxRunPage');

const reasonError = 'a reason of at most 1,000 characters';

/** Body of a cancellation. */
export const sandboxCancelBody = z
  .strictObject({
    reason: z
      .string({ error: reasonError })
      .max(1000, { error: reasonError })
      .refine((value) => !/\0|\p{Surrogate}/u.test(value), { error: reasonError })
      .optional(),
  })
  .openapi('CancelSandboxRun');
