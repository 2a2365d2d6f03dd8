import type { CaseFile } from '../collaboration/case-file.ts';
import type { PromptMaterial } from '../prompts/material.ts';
import type { ReplyContext } from '../replies/reply.ts';
import { endInWords } from './part-sentences.ts';

/** What the chair of an analysis gets beside what every turn gets. */
export interface ChairBrief {
  readonly material: Pick<PromptMaterial, 'analysis'>;
  readonly context: Pick<ReplyContext, 'cutting' | 'parts'>;
}

/** Puts together what the chair of an analysis is shown and held to; nothing in other patterns. */
export function chairBriefOf({ state, parts }: CaseFile): ChairBrief {
  const { cutting, maxOutputTokens } = state.plan;
  if (cutting === undefined) return { material: {}, context: {} };
  const shown = parts.map(({ part, question, answer, explanation, end }) => ({
    part,
    question,
    outcome: end === null ? '' : endInWords(end),
    answer,
    explanation,
  }));
  const answered = parts.filter(({ end }) => end?.ending === 'answered');
  return {
    material: { analysis: { parts: shown, answerTokensMax: maxOutputTokens } },
    context: { cutting, parts: answered.map(({ part }) => part) },
  };
}
