import type { TurnTask } from '../collaboration/fact.ts';
import type { PromptPart } from '../providers/model-connector.ts';
import { labelledOptions } from '../replies/option-labels.ts';
import { groupLabels } from '../replies/reply-schema.ts';
import { anonymousNames } from './anonymous-names.ts';
import type { Prompt, PromptMaterial } from './material.ts';
import { partsText } from './parts-text.ts';
import { quoted, quotedInline } from './quote.ts';
import { analysisRules, partsInstruction, runRules, taskInstruction } from './rules.ts';
import { fitSources } from './source-fit.ts';
import { messageText, transcriptParts } from './transcript.ts';

/** Longest piece of a faulty reply that is shown back to its model, characters. */
const REPAIRED_REPLY_MAX = 4000;

/**
 * Builds the prompt of one turn: what all seats share first, from round to round only longer, so that the
 * providers' prefix caches hit; what is the seat's own last. Pure: equal material gives equal bytes.
 */
export function buildPrompt(task: TurnTask, material: PromptMaterial): Prompt {
  const names = anonymousNames(material.seed, material.seats, material.joinedLater);
  const { vision } = material.own;
  const sources = fitSources(material.sources, { tokensMax: material.materialTokensMax, vision });
  const transcript = transcriptParts(material, names);
  return {
    task,
    system: material.analysis === undefined ? runRules(material.protocol) : analysisRules(),
    parts: [
      stable(caseText(material, sources.text, sources.leftOut)),
      ...sources.images,
      ...transcript.parts,
      { kind: 'text', text: ownText(task, material, names), stable: false },
    ],
    leftOut: [...sources.leftOut, ...transcript.leftOut, ...partsText(material).leftOut],
  };
}

/**
 * Builds the one repair of a turn: the same prompt, then what came and what was wrong with it.
 *
 * @param prompt - the prompt that was answered
 * @param came - what came back
 * @param came.reply - the reply as it came
 * @param came.instruction - names its fault
 */
export function buildRepair(prompt: Prompt, came: { reply: string; instruction: string }): Prompt {
  const shown = came.reply.slice(0, REPAIRED_REPLY_MAX).replace(/[\uD800-\uDBFF]$/, '');
  const text = [
    'You have replied already:',
    quoted(shown),
    'That reply cannot be used. What was wrong with it:',
    quoted(came.instruction),
    'Reply again, with one JSON object as asked. This is the last try.',
  ].join('\n');
  return { ...prompt, parts: [...prompt.parts, { kind: 'text', text, stable: false }] };
}

function caseText(material: PromptMaterial, sources: string, leftOut: readonly string[]): string {
  const blocks = [`The question:\n${quoted(material.question)}`];
  if (material.options.length > 0) blocks.push(optionsText(material));
  if (sources !== '') blocks.push(sources);
  if (leftOut.length > 0) {
    blocks.push(`Left out of the materials:\n${leftOut.map(quoted).join('\n')}`);
  }
  const early = material.messages.filter(({ afterPasses }) => afterPasses === 0);
  const isSummary = material.directives.context === 'summary' && material.passes.length > 0;
  if (!isSummary) blocks.push(...early.map(({ text }) => messageText(text)));
  return `${blocks.join('\n\n')}\n`;
}

function optionsText({ options }: PromptMaterial): string {
  const lines = labelledOptions(options).map(({ label, text }) =>
    label === text
      ? `- ${quotedInline(text)}`
      : `- ${quotedInline(label)}, which is:\n${quoted(text)}`,
  );
  return `The options, to be named by exactly the words in quotes:\n${lines.join('\n')}`;
}

function ownText(
  task: TurnTask,
  material: PromptMaterial,
  names: ReadonlyMap<string, string>,
): string {
  const { own, round, rounds, directives } = material;
  const name = names.get(own.seat);
  const blocks: string[] = [];
  if (own.persona !== '') blocks.push(`Your way of looking at the question:\n${own.persona}`);
  if (name !== undefined && material.passes.length > 0) blocks.push(`You are ${name}.`);
  if (own.previousAnswer !== null && task === 'revision') {
    blocks.push(`Your answer so far:\n${quoted(own.previousAnswer)}`);
  }
  blocks.push(...answersText(task, material), ...partsText(material).blocks);
  if (name !== undefined) {
    const last = directives.isLast ? 'It is the last one.' : `There are at most ${rounds}.`;
    blocks.push(`This is round ${round}. ${last}`);
  }
  const budget = budgetText(own.budgetLeft);
  if (budget !== '') blocks.push(budget);
  const isOfParts = task === 'synthesis' && material.analysis !== undefined;
  blocks.push(isOfParts ? partsInstruction : taskInstruction(task, material.options.length === 0));
  return blocks.join('\n\n');
}

function answersText(task: TurnTask, { answers, options }: PromptMaterial): readonly string[] {
  if (task === 'grouping') {
    const texts = answers.map(({ text }) => quoted(text));
    const lines = groupLabels({ answers }).map((label, index) => `${label}:\n${texts[index]}`);
    return [`The answers to be grouped:\n${lines.join('\n')}`];
  }
  if (task !== 'judgement' || options.length > 0) return [];
  const lines = labelledOptions(answers).map(({ label, text }) =>
    label === text
      ? `- ${quotedInline(text)}`
      : `- ${quotedInline(label)}, which is:\n${quoted(text)}`,
  );
  return [`The answers to judge, to be named by exactly the words in quotes:\n${lines.join('\n')}`];
}

function budgetText({ tokens, microsUsd }: PromptMaterial['own']['budgetLeft']): string {
  const left = [
    ...(tokens === null ? [] : [`about ${tokens} tokens`]),
    ...(microsUsd === null ? [] : [`${(microsUsd / 1_000_000).toFixed(2)} US dollars`]),
  ];
  return left.length === 0
    ? ''
    : `All participants together have ${left.join(' and ')} left. Be brief.`;
}

function stable(text: string): PromptPart {
  return { kind: 'text', text, stable: true };
}
