import { z } from '@hono/zod-openapi';

import { partEndings, refusalReasons } from '../../domain/analysis/analysis-terms.ts';
import { approvalPoints } from '../../domain/approvals/approval-terms.ts';
import { noDecisionReasons, phases } from '../../domain/collaboration/fact.ts';
import { gateWays } from '../../domain/gate/gate-terms.ts';
import { patterns } from '../../domain/collaboration/plan.ts';
import { questionKinds } from '../../domain/calibration/question-kind.ts';
import { collaborationStatuses } from '../../infra/stores/collaboration-store.ts';
import { decisionSchema, decisionSummarySchema } from './decision.ts';
import { linksSchema } from './links.ts';

const tokens = z.int();
const microsUsd = z.int();
const share = z.number().min(0).max(1);

const origin = {
  collaborationId: z.string(),
  seq: z
    .int()
    .openapi({ description: 'Number of the last event there, from which the fork goes on.' }),
  hash: z.string().openapi({ description: 'Hash of that event.' }),
  events: z
    .int()
    .openapi({ description: 'Events that were taken over: the fork begins with them.' }),
};

const parent = {
  collaborationId: z.string(),
  part: z.string().openapi({ example: 'p2' }),
};

const parentView = z
  .object({ ...parent, links: linksSchema })
  .nullable()
  .openapi({ description: 'The analysis that it is a part of; null of any other.' });

const partProgress = z
  .object({
    part: z.string().openapi({ example: 'p2' }),
    kind: z.enum(questionKinds),
    after: z.array(z.string()).openapi({ description: 'Parts whose answers it needs.' }),
    state: z.enum(['planned', 'running', 'ended']),
    collaboration: z
      .string()
      .nullable()
      .openapi({ description: 'Its own collaboration; null before it was opened.' }),
    ending: z.enum(partEndings).nullable(),
    reason: z.enum([...noDecisionReasons, ...refusalReasons]).nullable(),
  })
  .openapi('PartProgress');

/** Everything that was decided about a run before it started. */
export const planSchema = z
  .looseObject({
    pattern: z.enum(patterns),
    seed: z.string(),
    seats: z.array(
      z.object({
        seat: z.string().openapi({ example: 's1' }),
        agent: z.string(),
        personas: z.array(z.string()),
        weight: z.number(),
        simulated: z.boolean(),
        model: z.object({ provider: z.string(), model: z.string() }).optional(),
      }),
    ),
    protocol: z.looseObject({ kind: z.string() }),
    rounds: z.int(),
    thoroughness: z.number(),
    questionKind: z.enum(questionKinds).optional(),
    toleratedFaults: z
      .int()
      .optional()
      .openapi({ description: 'How many seats may be faulty; 0 where absent.' }),
    calibration: z
      .object({
        version: z
          .string()
          .openapi({ description: 'SHA-256 of the records that all this was computed from.' }),
        shareCap: z
          .number()
          .openapi({ description: 'Largest share of all weight that one seat could have.' }),
        seats: z.record(
          z.string(),
          z.object({
            slope: z.number(),
            intercept: z.number(),
            accuracy: z.number().openapi({ description: 'Share of right answers to expect.' }),
            trials: z.object({ kind: z.int(), all: z.int() }),
          }),
        ),
      })
      .optional()
      .openapi({
        description:
          'What the records of the models said when the run was planned, by seat; under `weighted` by `record`, and where a gate reads confidences.',
      }),
    budget: z.object({ tokens: tokens.nullable(), microsUsd: microsUsd.nullable() }),
    deadlineMs: z.int().nullable(),
    people: z
      .object({
        points: z.array(z.enum(approvalPoints)),
        questions: z.int().openapi({ description: 'How many are asked at the start.' }),
        expiresAfterMs: z.int(),
        onExpiry: z.object({
          gate: z.enum(gateWays),
          round: z.enum(['approve', 'reject']),
          decision: z.enum(['approve', 'reject']),
        }),
      })
      .optional()
      .openapi({ description: 'Where people are asked; absent where nobody is.' }),
    gate: z
      .object({
        disagreementMax: share,
        marginMin: share,
        confidenceMin: share,
        confidenceAsk: share,
        statedMin: share,
        askedWay: z.enum(gateWays),
      })
      .nullable()
      .optional()
      .openapi({
        description:
          'Thresholds with which the blind vote of a debate is enough; null without a gate, absent in other patterns.',
      }),
    origin: z.object(origin).optional().openapi({ description: 'Only of a fork.' }),
    cutting: z
      .looseObject({
        partsMax: z.int().openapi({ description: 'Most parts.' }),
        reserve: z
          .object({ tokens, microsUsd })
          .openapi({ description: 'Held back for the synthesis.' }),
      })
      .optional()
      .openapi({ description: 'How the question is cut; of an analysis only.' }),
    parent: z.object(parent).optional().openapi({ description: 'Only of a part.' }),
  })
  .openapi('Plan');

/** What a run would cost at most. */
export const estimateSchema = z
  .object({
    calls: z.int(),
    inputTokens: tokens,
    outputTokens: tokens,
    microsUsd: microsUsd.nullable(),
    usd: z.number().nullable(),
    oneRoundTokens: tokens,
    oneRoundMicrosUsd: microsUsd.nullable(),
  })
  .openapi('Estimate');

const amounts = z.object({ tokens, microsUsd, usd: z.number() });

const summary = {
  id: z.string(),
  pattern: z.enum(patterns),
  status: z.enum(collaborationStatuses),
  simulated: z.boolean(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  links: linksSchema,
};

/** An entry of a list of collaborations. */
export const summarySchema = z
  .object({
    ...summary,
    question: z.string().openapi({ description: 'Its first 200 characters.' }),
    decision: decisionSummarySchema.nullable(),
    parent: parentView,
  })
  .openapi('CollaborationSummary');

/** One collaboration in full. */
export const collaborationSchema = z
  .object({
    ...summary,
    question: z.string(),
    options: z.array(z.string()),
    plan: planSchema,
    estimate: estimateSchema,
    progress: z
      .object({
        round: z.int(),
        rounds: z.int(),
        phase: z.enum(phases).nullable(),
        turns: z.int().openapi({ description: 'Model calls that have ended.' }),
        events: z.int(),
        parts: z
          .array(partProgress)
          .optional()
          .openapi({ description: 'Of an analysis; none before its question was cut.' }),
      })
      .openapi({ description: 'How far it is; `phase` is null between passes and after the end.' }),
    budget: z.object({
      limits: z.object({ tokens: tokens.nullable(), microsUsd: microsUsd.nullable() }),
      reserved: amounts,
      settled: amounts,
    }),
    decision: decisionSchema.nullable(),
    origin: z
      .object({ ...origin, links: linksSchema })
      .nullable()
      .openapi({ description: 'Where a fork comes from; null of any other.' }),
    parent: parentView,
  })
  .openapi('Collaboration');

/** What a start answers before the run has ended. */
export const acceptedSchema = z
  .object({
    id: z.string(),
    status: z.enum(collaborationStatuses),
    plan: planSchema,
    estimate: estimateSchema,
    simulated: z.boolean(),
    links: linksSchema,
  })
  .openapi('Accepted');

/** What an estimate answers: the plan as it would run, and its cost. */
export const plannedSchema = z
  .object({ plan: planSchema, estimate: estimateSchema, simulated: z.boolean() })
  .openapi('Planned');

/** A page of a list. */
export const pageSchema = z
  .object({
    items: z.array(summarySchema),
    next: z
      .string()
      .nullable()
      .openapi({ description: 'Hand it back as `cursor`; null on the last page.' }),
    links: linksSchema,
  })
  .openapi('CollaborationPage');
