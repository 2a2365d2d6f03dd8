import type { Fact } from '../collaboration/fact.ts';
import type { Text, TurnContent } from '../ledger/event.ts';
import type { PartContent, PartState } from './analysis-terms.ts';
import type { Parts } from './parts.ts';

/** A part in words. */
export interface WordedPart extends PartState {
  readonly question: string;
  /** Id of the collaboration that worked on it; `null` where there is none. */
  readonly collaboration: string | null;
  /** `null` while there is none. */
  readonly answer: string | null;
  /** How it came about; empty where nothing is known. */
  readonly explanation: string;
}

/** What was recorded about an analysis. */
export interface PartSource {
  /** Every fact of the run with its content. */
  readonly said: readonly { readonly fact: Fact; readonly content: unknown }[];
  readonly parts: Parts | undefined;
  /** What the analysis was asked. */
  readonly question: string;
  readonly textOf: (text: Text) => string;
}

/** Tells the parts of an analysis in words, in the order in which they were proposed; a question in one part is the whole one. */
export function wordedParts({
  said,
  parts = {},
  question,
  textOf,
}: PartSource): readonly WordedPart[] {
  const states = Object.values(parts);
  const questions = questionsIn(said);
  const contents = contentsIn(said);
  return states.map((state) => {
    const content = contents.get(state.part);
    const answer = content?.answer ?? null;
    return {
      ...state,
      question: (states.length === 1 ? undefined : questions.get(state.part)) ?? question,
      collaboration: content?.collaboration ?? null,
      answer: answer === null ? null : textOf(answer),
      explanation: content?.explanation ?? '',
    };
  });
}

function questionsIn(said: PartSource['said']): ReadonlyMap<string, string> {
  return new Map(
    said.flatMap(({ fact, content }) => {
      if (fact.type !== 'question.decomposed') return [];
      const { parts = [] } = content as Pick<TurnContent, 'parts'>;
      return parts.map(({ part, question }) => [part, question] as const);
    }),
  );
}

/** The first end of a part counts. */
function contentsIn(said: PartSource['said']): ReadonlyMap<string, Partial<PartContent>> {
  return new Map(
    said
      .flatMap(({ fact, content }) =>
        fact.type === 'part.ended'
          ? [[fact.part, (content ?? {}) as Partial<PartContent>] as const]
          : [],
      )
      .toReversed(),
  );
}
