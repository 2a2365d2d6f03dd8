import { z } from '@hono/zod-openapi';

import { noDecisionReasons, stopReasons } from '../../domain/collaboration/fact.ts';

const cost = z
  .object({
    inputTokens: z.int().nullable(),
    cachedTokens: z.int().nullable(),
    outputTokens: z.int().nullable(),
    usd: z.number().nullable(),
    calls: z.int(),
    unknownCalls: z.int(),
  })
  .openapi('Cost', { description: 'A field is null when any call left it unknown.' });

const summary = {
  kind: z.enum(['decided', 'no-decision']),
  answer: z.string().nullable(),
  reason: z.enum(noDecisionReasons).nullable(),
  explanation: z.string(),
  rounds: z.int(),
  stoppedBy: z.enum(stopReasons),
  cost,
  simulated: z.boolean(),
};

/** A decision as lists show it. */
export const decisionSummarySchema = z.object(summary).openapi('DecisionSummary');

/** A decision with everything that speaks for and against it. */
export const decisionSchema = z
  .object({
    ...summary,
    votes: z.array(
      z.object({
        seat: z.string(),
        agent: z.string(),
        weight: z.number(),
        choice: z.union([z.string(), z.array(z.string())]).nullable(),
        confidence: z.number().nullable(),
        abstained: z.string().nullable(),
      }),
    ),
    flips: z.array(
      z.object({
        seat: z.string(),
        agent: z.string(),
        round: z.int(),
        from: z.string(),
        to: z.string(),
        citing: z.string().nullable(),
      }),
    ),
    dissent: z.array(
      z.object({ seat: z.string(), agent: z.string(), answer: z.string(), rationale: z.string() }),
    ),
  })
  .openapi('Decision');
