import type { PartMaterial, PromptMaterial } from './material.ts';
import { quoted } from './quote.ts';
import { bytesOfTokens, cutUtf8, utf8Bytes } from './token-estimate.ts';

/** Parts as they go into a prompt. */
export interface PartsText {
  /** One block a part. */
  readonly blocks: readonly string[];
  /** What was cut, one line each. */
  readonly leftOut: readonly string[];
}

/** Writes down what the parts of an analysis came to, one after the other; long answers are cut, and say so. */
export function partsText({ analysis }: PromptMaterial): PartsText {
  if (analysis === undefined) return { blocks: [], leftOut: [] };
  const room = bytesOfTokens(analysis.answerTokensMax);
  return {
    blocks: analysis.parts.map((part) => partText(part, room)),
    leftOut: analysis.parts.flatMap(({ part, answer }) =>
      answer !== null && utf8Bytes(answer) > room ? [`answer of ${part}: its end`] : [],
    ),
  };
}

function partText({ part, question, outcome, answer, explanation }: PartMaterial, room: number) {
  const asked = [`Part ${part} asked:`, quoted(question)];
  const cameAbout = explanation === '' ? [] : [`How part ${part} came about:`, quoted(explanation)];
  if (answer === null) return [...asked, `It has no answer: ${outcome}.`, ...cameAbout].join('\n');
  const isCut = utf8Bytes(answer) > room;
  const answered = `Part ${part} answered${isCut ? ' (its end is left out)' : ''}:`;
  return [...asked, answered, quoted(cutUtf8(answer, room)), ...cameAbout].join('\n');
}
