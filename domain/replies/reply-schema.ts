import { partQuestionCharactersMax, partsMax } from '../analysis/analysis-terms.ts';
import { questionKinds } from '../calibration/question-kind.ts';
import type { TurnTask } from '../collaboration/fact.ts';
import { choiceKindOf } from '../protocols/validity.ts';
import type { ReplySchema } from '../providers/model-connector.ts';
import { labelledOptions } from './option-labels.ts';
import type { ReplyContext } from './reply.ts';
import { evidenceMax, nominationCharactersMax, nominationsMax } from './reply-limits.ts';

/** What `citing` says when nobody is cited. A word instead of null: not every provider takes a union of types. */
export const nobodyCited = 'none';

type Properties = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Gives the JSON schema that a task's reply is asked to follow.
 *
 * Providers put it before the prompt, so that another schema is another prefix. It is therefore the same for
 * every seat, and one for proposals and revisions: no participant is named in it, and a proposal leaves empty
 * what only a revision needs.
 *
 * Only `type`, `properties`, `required`, `additionalProperties`, `items`, `enum` and `description`
 * occur: what every provider's structured output takes. Ranges are stated in words and judged by
 * `readReply`.
 */
export function replySchema(task: TurnTask, context: ReplyContext): ReplySchema {
  const name = task === 'proposal' || task === 'revision' ? 'position' : task;
  return { name, jsonSchema: object(propertiesOf(task, context)) };
}

function propertiesOf(task: TurnTask, context: ReplyContext): Properties {
  switch (task) {
    case 'nomination':
      return {
        rationale: text('Why these options are the ones to vote on.'),
        options: list(
          text(`One option, a single line of at most ${nominationCharactersMax} characters.`),
          `1 to ${nominationsMax} options to vote on.`,
        ),
        abstain,
      };
    case 'critique':
      return { critiques, abstain };
    case 'grouping':
      return {
        rationale: text('Why these answers mean the same.'),
        groups: list(
          list(oneOf(groupLabels(context)), 'Answers that mean the same, at least two.'),
          'Groups of answers that mean the same; empty when all differ.',
        ),
      };
    case 'judgement':
      return {
        rationale: text('What decided it.'),
        answer: oneOf(labels(context), 'The best answer.'),
        abstain,
      };
    case 'decomposition':
      return decompositionProperties(context);
    case 'synthesis':
      return synthesisProperties(context);
    case 'vote':
    case 'proposal':
    case 'revision':
      return positionProperties(task, context);
  }
}

function decompositionProperties({ cutting }: ReplyContext): Properties {
  const most = cutting?.partsMax ?? partsMax;
  const part = object({
    question: text(
      `What this part asks, complete in itself, at most ${partQuestionCharactersMax} characters.`,
    ),
    kind: oneOf(questionKinds, 'What it is about.'),
    after: list(
      text('Name of a part: "p1" is the first of the list, "p2" the second.'),
      'Parts whose answers this one cannot do without; usually none.',
    ),
  });
  return {
    rationale: text('Why the question falls into these parts.'),
    parts: list(part, `1 to ${most} parts, which together answer the question.`),
  };
}

function synthesisProperties({ parts }: ReplyContext): Properties {
  const source = parts === undefined ? 'positions' : 'parts';
  const written = {
    rationale: text(`How the answer follows from the ${source}.`),
    answer: text('The answer as it is handed over, complete in itself.'),
  };
  if (parts === undefined) return written;
  const contradiction = object({
    parts: list(oneOf(parts), 'The parts whose answers cannot all be true, at least two.'),
    about: text('What they contradict each other about.'),
  });
  const contradictions = list(contradiction, 'Contradictions between parts; empty without any.');
  return { ...written, contradictions };
}

function positionProperties(task: TurnTask, context: ReplyContext): Properties {
  const isDebate = task !== 'vote';
  return {
    ...(isDebate && context.depth !== 'split' ? { critiques } : {}),
    rationale: text('Why you hold this answer; with abstain, why you decline.'),
    evidence: list(
      text('One fact, source or example.'),
      `At most ${evidenceMax} supporting points.`,
    ),
    ...choiceProperties(context),
    ...(isDebate ? { citing } : {}),
    confidence: {
      type: 'number',
      description: 'From 0 to 1: how likely it is that your answer is right. Nobody else sees it.',
    },
    abstain,
  };
}

function choiceProperties(context: ReplyContext): Properties {
  const { protocol, options } = context;
  if (options.length === 0) return { answer: text('Your answer, as short as it can be stated.') };
  switch (choiceKindOf(protocol)) {
    case 'approve':
      return {
        approved: list(oneOf(labels(context)), 'Every option you approve of, at least one.'),
      };
    case 'rank':
      return { ranking: list(oneOf(labels(context)), 'Options from best to worst, each once.') };
    case 'single': {
      const vetoes = list(oneOf(labels(context)), 'Options that must not win; usually none.');
      return {
        answer: oneOf(labels(context), 'The option you choose.'),
        ...(hasVetoes(context) ? { vetoes } : {}),
      };
    }
  }
}

/** Whether a ballot may exclude options. */
export function hasVetoes({ protocol, options }: ReplyContext): boolean {
  return protocol.kind === 'quorum' && protocol.veto === true && options.length > 0;
}

/** Names the answers that a grouping is about, in their order. */
export function groupLabels({ answers = [] }: Pick<ReplyContext, 'answers'>): readonly string[] {
  return answers.map((_answer, index) => `Answer ${index + 1}`);
}

function labels(context: ReplyContext): readonly string[] {
  return labelledOptions(context.options).map(({ label }) => label);
}

function text(description: string): Readonly<Record<string, unknown>> {
  return { type: 'string', description };
}

function oneOf(values: readonly string[], description?: string): Readonly<Record<string, unknown>> {
  // An empty enum is no valid schema; a pass without anything to name takes any text.
  const choice = values.length === 0 ? { type: 'string' } : { type: 'string', enum: values };
  return description === undefined ? choice : { ...choice, description };
}

function list(
  items: Readonly<Record<string, unknown>>,
  description: string,
): Readonly<Record<string, unknown>> {
  return { type: 'array', items, description };
}

function object(properties: Properties): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

const abstain = {
  type: 'boolean',
  description: 'true only if you decline to answer; the other fields are ignored then.',
} as const;

const citing = text(
  `The participant whose argument changed your answer, for instance "Participant B"; "${nobodyCited}" if it did not change.`,
);

const critiques = list(
  object({
    of: text('The participant, for instance "Participant B".'),
    text: text('The weakest point of that position, and why.'),
  }),
  'Critiques of positions other than your own; empty before others are seen.',
);
