import { z } from '@hono/zod-openapi';

import { questionKinds } from '../../domain/calibration/question-kind.ts';
import { grouped } from '../../domain/planning/fault.ts';
import { linksSchema } from './links.ts';

const answerMax = 20_000;
const noteMax = 2_000;

function text(max: number) {
  const error = `a text of 1 to ${grouped(max)} characters`;
  return z
    .string({ error })
    .max(max, { error })
    .refine((value) => value.trim() !== '', { error: `${error}, not only blanks` })
    .refine((value) => !/\0|\p{Surrogate}/u.test(value), {
      error: `${error}, without NUL and lone surrogates`,
    });
}

/** Body of a resolution. */
export const resolutionBody = z
  .strictObject({
    answer: text(answerMax).openapi({
      description:
        "The true answer: an option's text, or, for an open question, the text or key of an answer that was given.",
      example: 'PostgreSQL',
    }),
    note: text(noteMax).optional().openapi({ description: 'How it is known; kept with it.' }),
  })
  .openapi('ResolutionRequest');

const held = z
  .object({
    choice: z.union([z.string(), z.array(z.string())]).nullable(),
    confidence: z.number().nullable(),
    isRight: z.boolean().nullable().openapi({
      description:
        'Whether it names the truth: first in a ranking, among others in an approval. Null for an abstention.',
    }),
  })
  .nullable();

const vote = z.object({
  kind: z.enum(['decided', 'no-decision']),
  answer: z.string().nullable(),
  isRight: z.boolean().nullable().openapi({ description: 'Null where there was no decision.' }),
});

/** A resolution with who was right. */
export const resolutionSchema = z
  .object({
    id: z.string().openapi({ description: 'The collaboration.' }),
    answer: z.string(),
    answerKey: z.string(),
    note: z.string().nullable(),
    questionKind: z.enum(questionKinds),
    resolvedAt: z.string(),
    control: vote.openapi({
      description: "What the blind votes alone came to, under the plan's protocol.",
    }),
    final: vote,
    effect: z.enum(['helped', 'harmed', 'none']).openapi({
      description: 'What all that followed the blind vote changed: wrong to right, right to wrong.',
    }),
    seats: z.array(
      z.object({
        seat: z.string(),
        agent: z.string(),
        blind: held.openapi({ description: 'Before any peer was seen.' }),
        final: held,
        isTrial: z.boolean().openapi({
          description: "Whether the blind answer counts in the record of the seat's model.",
        }),
      }),
    ),
    links: linksSchema,
  })
  .openapi('Resolution');

const unit = z.number().min(0).max(1);

const confidenceMap = z.object({ slope: z.number(), intercept: z.number() }).openapi({
  description: 'logit(probability) = slope * logit(confidence) + intercept.',
});

const bin = z.object({
  from: unit,
  to: unit,
  trials: z.int(),
  meanConfidence: unit.nullable(),
  accuracy: unit.nullable(),
  interval: z
    .object({ low: unit, high: unit })
    .nullable()
    .openapi({ description: '95 % interval of the accuracy (Wilson).' }),
});

const score = z
  .object({
    trials: z.int().openapi({ description: 'Blind answers with a confidence.' }),
    accuracy: unit,
    meanConfidence: unit,
    brier: unit.openapi({ description: 'Reliability less resolution plus uncertainty.' }),
    reliability: unit,
    resolution: unit,
    uncertainty: unit,
    expectedCalibrationError: unit,
    bins: z.array(bin),
  })
  .openapi('CalibrationScore');

const ofKind = z.object({
  questions: z.int().openapi({ description: 'Resolved questions in which the model answered.' }),
  trials: z.int().openapi({ description: 'Blind answers in them; one a seat.' }),
  expectedAccuracy: unit.openapi({
    description: 'Share of right answers to expect, shrunk for thin records; weights follow it.',
  }),
  map: confidenceMap,
  brier: unit.nullable(),
});

/** How good the confidences of an agent's model were. */
export const calibrationSchema = z
  .object({
    agent: z.string(),
    provider: z.string(),
    model: z.string(),
    simulated: z.boolean(),
    questions: z.int().openapi({ description: 'Resolved questions in which the model answered.' }),
    trials: z.int().openapi({ description: 'Blind answers in them; one a seat.' }),
    score: score.nullable().openapi({ description: 'Null without an answer with a confidence.' }),
    map: confidenceMap,
    kinds: z.record(z.enum(questionKinds), ofKind),
    links: linksSchema,
  })
  .openapi('Calibration', {
    description: 'The record belongs to the model: agents with one model share it.',
  });
