import type { FactOf } from '../collaboration/fact.ts';
import type { Part, PartEnd, PartState } from './analysis-terms.ts';

/** The parts of an analysis by name, in the order in which they were proposed. */
export type Parts = Readonly<Record<string, PartState>>;

/** Name of the one part of a question that is not cut. */
export const wholeQuestion = 'p1';

/** Makes the parts of an analysis, none of which has begun. */
export function plannedParts(parts: readonly Part[]): Parts {
  return Object.fromEntries(
    parts.map((part) => [part.part, { ...part, state: 'planned', budget: null, end: null }]),
  );
}

/** Folds a fact about a part in. A part is opened once and ends once: what comes after that changes nothing. */
export function evolveParts(parts: Parts, fact: FactOf<'part.opened' | 'part.ended'>): Parts {
  const known = parts[fact.part];
  if (known === undefined || known.state === 'ended') return parts;
  if (fact.type === 'part.ended') {
    return { ...parts, [fact.part]: { ...known, state: 'ended', end: endIn(fact) } };
  }
  if (known.state === 'running') return parts;
  return { ...parts, [fact.part]: { ...known, state: 'running', budget: fact.budget } };
}

function endIn(fact: FactOf<'part.ended'>): PartEnd {
  const { part, ending, reason, usage, microsUsd, charged, calls, unknownCalls, record } = fact;
  return { part, ending, reason, usage, microsUsd, charged, calls, unknownCalls, record };
}

/** All parts, in the order in which they were proposed; none before the question is cut. */
export function allParts(parts: Parts | undefined): readonly PartState[] {
  return Object.values(parts ?? {});
}

/** The parts that stand somewhere, in the order in which they were proposed. */
export function partsIn(parts: Parts | undefined, state: PartState['state']): readonly PartState[] {
  return allParts(parts).filter((part) => part.state === state);
}

/** The parts that came to an answer. */
export function answeredParts(parts: Parts | undefined): readonly PartState[] {
  return allParts(parts).filter(({ end }) => end?.ending === 'answered');
}
