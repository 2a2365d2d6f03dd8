import { z } from '@hono/zod-openapi';

import { decisionSchema } from './decision.ts';

/** A run in words. */
export const transcriptSchema = z
  .looseObject({
    collaborationId: z.string(),
    pattern: z.string(),
    simulated: z.boolean(),
    question: z.string(),
    options: z.array(z.string()),
    entries: z.array(
      z.looseObject({
        kind: z.enum([
          'turn',
          'round opened',
          'round closed',
          'message',
          'approval',
          'part',
          'note',
        ]),
        seq: z.int(),
        time: z.string(),
        lost: z.object({ calls: z.int(), tokens: z.int(), microsUsd: z.int() }).optional().openapi({
          description:
            'Of a turn: calls that may have been paid and were never answered, and the tokens and micro-dollars that were reserved for them, which count against the budget.',
        }),
      }),
    ),
    decision: decisionSchema.nullable(),
  })
  .openapi('Transcript');
