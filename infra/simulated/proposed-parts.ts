import type { QuestionKind } from '../../domain/calibration/question-kind.ts';
import { simulatedMark } from './mind.ts';

/** A part of a question as a simulated chair proposes it. */
export interface ProposedPart {
  readonly question: string;
  readonly kind: QuestionKind;
  readonly after: readonly string[];
}

/** What can be asked about anything. The last one needs the answers of two others. */
const sides: readonly (Omit<ProposedPart, 'question'> & { readonly asks: string })[] = [
  { asks: 'What is known about it?', kind: 'factual', after: [] },
  { asks: 'Which way is the best one?', kind: 'design', after: [] },
  { asks: 'What can go wrong, and how is it prevented?', kind: 'security', after: [] },
  { asks: 'What is done first, and by whom?', kind: 'planning', after: ['p1', 'p2'] },
];

/** Parts where the prompt does not say how many there may be. */
const partsDefault = 3;

/** Most characters of the whole question that a part repeats. */
const quotedMax = 1000;

/**
 * Cuts any question into parts, always the same ones.
 *
 * @param question - the whole question
 * @param allowed - says in words how many parts there may be, for instance `1 to 4 parts, …`
 */
export function proposedParts(
  question: string,
  allowed: string | undefined,
): readonly ProposedPart[] {
  const most = Number(/^1 to (\d+) parts/.exec(allowed ?? '')?.[1] ?? partsDefault);
  const whole = Array.from(question).slice(0, quotedMax).join('');
  return sides.slice(0, Math.max(1, most)).map(({ asks, kind, after }) => ({
    question: `${simulatedMark} ${asks} ${whole}`,
    kind,
    after,
  }));
}
