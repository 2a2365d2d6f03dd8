import { z } from '@hono/zod-openapi';

import { approvalAnswers, approvalPoints } from '../../domain/approvals/approval-terms.ts';
import { questionKinds } from '../../domain/calibration/question-kind.ts';
import {
  noDecisionReasons,
  phases,
  stopReasons,
  turnTasks,
} from '../../domain/collaboration/fact.ts';
import { decisionSchema } from './decision.ts';

const words = z.union([z.string(), z.array(z.string())]).nullable();
const seq = z.int().openapi({ description: 'Number of an event.' });
const notes = z
  .array(z.string())
  .openapi({ description: 'What a reader has to know, one sentence each.' });

const equal = z
  .object({
    kind: z.literal('equal'),
    events: z.int().openapi({ description: 'Events that were replayed.' }),
    decided: z.int().openapi({ description: 'Facts that the machine decided again.' }),
  })
  .openapi('ReplayEqual', { description: 'The record is the same, byte by byte.' });

const different = z
  .object({
    kind: z.literal('different'),
    difference: z.object({
      seq,
      path: z.string().openapi({ example: 'verdict.answer' }),
      recorded: z.unknown(),
      replayed: z.unknown(),
      message: z.string(),
    }),
  })
  .openapi('ReplayDifferent', { description: 'The first place in which replay and record part.' });

const answered = z
  .object({
    kind: z.literal('answered'),
    decision: decisionSchema,
    difference: z.object({
      isSameOutcome: z.boolean(),
      from: z.string(),
      to: z.string(),
      votes: z.array(z.object({ seat: z.string(), from: words, to: words })),
      calls: z.int().openapi({ description: 'More or fewer model calls.' }),
      tokens: z.int().nullable().openapi({ description: 'More or fewer tokens, in and out.' }),
      usd: z.number().nullable().openapi({ description: 'More or fewer dollars.' }),
    }),
    influenced: z.array(z.string()).openapi({
      description: 'Turns that were answered knowing what a seat said that is left out here.',
    }),
    notes,
  })
  .openapi('WhatIfAnswered', { description: 'What would have come out of the recorded replies.' });

const unanswerable = z
  .object({
    kind: z.literal('unanswerable'),
    missing: z.array(
      z.union([
        z.object({
          approval: z.string().openapi({ example: 'decision-1' }),
          point: z.enum(approvalPoints),
          reason: z.string(),
        }),
        z.object({
          turn: z.string().openapi({ example: 'revision-3-s1' }),
          task: z.enum(turnTasks),
          round: z.int(),
          seat: z.string(),
          agent: z.string(),
          reason: z.string(),
        }),
      ]),
    ),
    notes,
  })
  .openapi('WhatIfUnanswerable', {
    description: 'Replies that would be needed next and were never given; none is invented.',
  });

const whatIf = z.union([answered, unanswerable]);

/** What a replay or a what-if answers; `kind` tells which. */
export const replaySchema = z.union([equal, different, answered, unanswerable]).openapi('Replay');

/** All protocols over one record. */
export const comparisonSchema = z
  .object({
    outcome: z.string(),
    rows: z.array(
      z.object({
        protocol: z.looseObject({ kind: z.string() }),
        isOriginal: z.boolean(),
        result: whatIf,
      }),
    ),
  })
  .openapi('Comparison');

const verdict = z.object({
  kind: z.enum(['decided', 'no-decision']),
  answer: z.string().nullable(),
  reason: z.enum(noDecisionReasons).nullable(),
  stoppedBy: z.enum(stopReasons),
  rounds: z.int(),
  explanation: z.string(),
  people: z
    .looseObject({ approval: z.string(), answer: z.enum(approvalAnswers) })
    .optional()
    .openapi({ description: 'Only where people were asked about the decision.' }),
});

/** A run as it was at one moment. */
export const momentSchema = z
  .object({
    seq,
    time: z.string(),
    events: z.int().openapi({ description: 'Events that the stream has by now.' }),
    status: z.enum(['running', 'waiting', 'paused', 'decided']),
    round: z.int(),
    pass: z
      .object({
        round: z.int(),
        phase: z.enum(phases),
        directives: z.object({ context: z.enum(['full', 'summary']), isLast: z.boolean() }),
        answered: z.array(z.string()),
        outstanding: z.array(z.string()),
      })
      .nullable()
      .openapi({ description: 'The open pass; null between passes.' }),
    parts: z
      .array(
        z.object({
          part: z.string(),
          kind: z.enum(questionKinds),
          after: z.array(z.string()),
          question: z.string(),
          state: z.enum(['planned', 'running', 'ended']),
          answer: z.string().nullable(),
        }),
      )
      .optional()
      .openapi({ description: 'Of an analysis, once its question is cut.' }),
    positions: z.array(
      z.object({
        seat: z.string(),
        agent: z.string(),
        turn: z.string(),
        round: z.int(),
        answer: words,
        confidence: z.number().nullable(),
      }),
    ),
    tally: z
      .object({
        kind: z.enum(['decided', 'no-decision']),
        answer: z.string().nullable(),
        reason: z.string().nullable(),
        method: z.string(),
        counts: z.array(z.object({ answer: z.string(), votes: z.number() })),
      })
      .nullable()
      .openapi({ description: 'What the votes came to, had they been counted then.' }),
    budget: z.object({
      limits: z.object({ tokens: z.int().nullable(), microsUsd: z.int().nullable() }),
      spent: z.object({
        tokens: z.int(),
        microsUsd: z.int(),
        usd: z.number(),
        calls: z.int(),
        unknownCalls: z.int(),
      }),
      share: z.number().openapi({ description: 'Used part of the budget, 0 to 1 and beyond.' }),
    }),
    context: z.object({
      question: z.string(),
      options: z.array(z.string()),
      materials: z.array(z.string()),
      participants: z.array(z.object({ seat: z.string(), agent: z.string(), weight: z.number() })),
      messages: z.array(z.object({ seq, by: z.string(), text: z.string() })),
      merges: z.array(z.object({ answer: z.string(), countsAs: z.string() })),
    }),
    verdict: verdict.nullable().openapi({ description: 'Its answer is a key, as in the events.' }),
  })
  .openapi('Moment');
