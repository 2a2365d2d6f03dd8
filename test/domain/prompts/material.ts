import type { PromptPart } from '../../../domain/providers/model-connector.ts';
import type { Pass, Prompt, PromptMaterial } from '../../../domain/prompts/material.ts';

/** Material of a debate's second round, seen from seat s1. */
export function material(fields: Partial<PromptMaterial> = {}): PromptMaterial {
  return {
    round: 2,
    rounds: 3,
    question: 'Which database?',
    options: [
      { key: 'o1', text: 'Postgres' },
      { key: 'o2', text: 'SQLite' },
    ],
    protocol: { kind: 'plurality' },
    sources: [{ kind: 'text', name: 'plan.md', text: 'The plan.\nIt has two lines.' }],
    materialTokensMax: 1000,
    passes: [proposals],
    messages: [],
    directives: { context: 'full', isLast: false },
    seed: '00ff',
    seats: ['s1', 's2', 's3'],
    joinedLater: 0,
    answers: [],
    own: own('s1'),
    ...fields,
  };
}

/** What is a seat's own. */
export function own(
  seat: string,
  fields: Partial<PromptMaterial['own']> = {},
): PromptMaterial['own'] {
  return {
    seat,
    persona: `persona of ${seat}`,
    previousAnswer: 'Postgres',
    vision: true,
    budgetLeft: { tokens: null, microsUsd: null },
    ...fields,
  };
}

/** A finished first pass. */
export const proposals: Pass = {
  round: 1,
  phase: 'proposal',
  entries: ['s1', 's2', 's3'].map((seat) => ({
    seat,
    answer: 'Postgres',
    rationale: `reason of number ${seat.slice(1)}`,
    evidence: ['a fact'],
    critiques: [],
  })),
};

/** A finished second pass. */
export const revisions: Pass = {
  round: 2,
  phase: 'revision',
  entries: proposals.entries.map((entry) => ({
    ...entry,
    rationale: `${entry.rationale}, again: ${'long '.repeat(100)}`,
    critiques: [{ of: 'Participant B', text: 'too dear' }],
  })),
};

/** The whole text of a prompt, as a provider sees it. */
export function textOf({ system, parts }: Prompt): string {
  return [system, ...parts.map(textOfPart)].join('\n');
}

/** The text up to the first part that is a seat's own. */
export function stableText({ system, parts }: Prompt): string {
  const end = parts.findIndex((part) => !part.stable);
  return [system, ...parts.slice(0, end).map(textOfPart)].join('\n');
}

/** The text that is a seat's own. */
export function ownText({ parts }: Prompt): string {
  return parts
    .filter((part) => !part.stable)
    .map(textOfPart)
    .join('\n');
}

function textOfPart(part: PromptPart): string {
  return part.kind === 'text' ? part.text : `[${part.mediaType}]`;
}
