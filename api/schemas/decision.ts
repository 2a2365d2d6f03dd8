import { z } from '@hono/zod-openapi';

import { partEndings, refusalReasons } from '../../domain/analysis/analysis-terms.ts';
import {
  approvalAnswers,
  approvalPoints,
  approvalStates,
} from '../../domain/approvals/approval-terms.ts';
import { questionKinds } from '../../domain/calibration/question-kind.ts';
import { noDecisionReasons, stopReasons } from '../../domain/collaboration/fact.ts';
import { gateOutcomes, gateReasons, gateWays } from '../../domain/gate/gate-terms.ts';

const costFields = {
  inputTokens: z.int().nullable(),
  cachedTokens: z.int().nullable(),
  outputTokens: z.int().nullable(),
  usd: z.number().nullable(),
  calls: z.int().openapi({ description: 'Lost calls too, see unknownCalls.' }),
  unknownCalls: z.int().openapi({
    description:
      'Calls of which tokens or price are unknown. Among them are lost ones, which may have been paid and were never answered: their worker died or their provider fell silent, and they were made again.',
  }),
  reused: z.int().optional().openapi({
    description:
      'Of a fork: replies that it took over. Its origin paid them; they are not among the calls.',
  }),
};

const cost = z
  .object(costFields)
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

const share = z.number().min(0).max(1);

const gate = z
  .object({
    outcome: z.enum(gateOutcomes),
    way: z.enum(gateWays).openapi({
      description: 'What the run did: the outcome, or what the plan says in place of `ask`.',
    }),
    reasons: z
      .array(z.enum(gateReasons))
      .openapi({ description: 'What spoke against ending with the vote; empty for `done`.' }),
    leading: z.string().nullable().openapi({ description: 'The leading answer in words.' }),
    isDecided: z.boolean().openapi({ description: 'Whether the vote alone gives a decision.' }),
    disagreement: share.nullable().openapi({
      description: 'Normalised entropy of the votes: 0 for one answer, 1 for an even spread.',
    }),
    margin: z
      .number()
      .min(-1)
      .max(1)
      .openapi({ description: 'Lead over the next answer, share of the weight of all seats.' }),
    confidence: share.nullable().openapi({
      description: 'Mean calibrated confidence of the leading side, by weight; null where unknown.',
    }),
    stated: share.openapi({ description: 'Share of the leading side that stated a confidence.' }),
    voted: z.int(),
    seats: z.int(),
    joined: z.int().openapi({ description: 'Seats that joined after the vote had begun.' }),
  })
  .openapi('GateReport', { description: 'What the gate saw after the blind vote.' });

const debate = z
  .object({
    control: z
      .object({
        kind: z.enum(['decided', 'no-decision']),
        answer: z.string().nullable(),
        reason: z.enum(noDecisionReasons).nullable(),
        explanation: z.string(),
      })
      .openapi({ description: 'What the blind vote alone would have decided.' }),
    gate: gate.nullable().openapi({ description: 'Null where no gate decided.' }),
    changed: z
      .boolean()
      .openapi({ description: "Whether the answer at the end is another than the control's." }),
    rounds: z
      .array(z.object({ round: z.int(), ...costFields }))
      .openapi({ description: 'What each round cost; the first is the blind vote.' }),
    chair: z
      .object(costFields)
      .openapi({ description: "What the chair's work cost; it belongs to no round." }),
    marginal: z
      .object({ ...costFields, flips: z.int() })
      .openapi({ description: 'What all rounds after the vote cost, and the flips in them.' }),
  })
  .openapi('DebateReport', { description: 'What the debate was worth beyond its blind vote.' });

const people = z
  .object({
    decision: z
      .object({
        answer: z.enum(approvalAnswers),
        by: z
          .string()
          .nullable()
          .openapi({ description: 'Null: nobody answered in time, and the default holds.' }),
        panel: z.object({
          kind: z.enum(['decided', 'no-decision']),
          answer: z.string().nullable(),
          reason: z.enum(noDecisionReasons).nullable(),
        }),
      })
      .nullable()
      .openapi({ description: 'Who had the last word, and what the panel decided alone.' }),
    approvals: z.array(
      z.object({
        approval: z.string(),
        point: z.enum(approvalPoints),
        question: z.string(),
        state: z.enum(approvalStates),
        answer: z.enum(approvalAnswers).nullable(),
        by: z.string().nullable(),
        choice: z.string().nullable(),
        comment: z.string().nullable(),
        remembered: z
          .string()
          .nullable()
          .openapi({ description: 'The earlier approval whose answer was remembered here.' }),
        requestedAt: z.string().nullable(),
        settledAt: z.string().nullable(),
      }),
    ),
  })
  .openapi('PeopleReport', { description: 'What people were asked and answered.' });

const part = z
  .object({
    part: z.string().openapi({ example: 'p2' }),
    question: z.string(),
    kind: z.enum(questionKinds),
    pattern: z.enum(['consensus', 'debate']),
    after: z.array(z.string()).openapi({ description: 'Parts whose answers it was given.' }),
    collaboration: z.string().nullable().openapi({
      description: 'The collaboration that worked on it; null where it was not begun.',
    }),
    ending: z.enum(partEndings).openapi({
      description:
        '`unanswered`: it came to no decision; `refused`: it was not begun; `failed`: it broke.',
    }),
    reason: z
      .enum([...noDecisionReasons, ...refusalReasons])
      .nullable()
      .openapi({ description: 'Why it has no answer; null where it has one.' }),
    answer: z.string().nullable(),
    explanation: z.string(),
    record: z.string().nullable().openapi({ description: 'SHA-256 of its own sealed record.' }),
    cost,
  })
  .openapi('PartReport', { description: 'What one part of an analysis came to.' });

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
    parts: z
      .array(part)
      .optional()
      .openapi({ description: 'Of an analysis only, in the order in which they were proposed.' }),
    contradictions: z
      .array(z.object({ parts: z.array(z.string()), about: z.string() }))
      .optional()
      .openapi({ description: 'Parts of an analysis whose answers cannot all be true.' }),
    partial: z
      .boolean()
      .optional()
      .openapi({ description: 'Of an analysis: whether a part gave no answer.' }),
    people: people.optional().openapi({ description: 'Only of runs that ask people.' }),
    debate: debate
      .optional()
      .openapi({ description: 'Of debates only; absent in records older than gates.' }),
  })
  .openapi('Decision');
