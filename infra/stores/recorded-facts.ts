import type { Fact, FactOf, FactType } from '../../domain/collaboration/fact.ts';
import type { CollaborationStatus } from './collaboration-terms.ts';

/** A fact with the id of its event. */
export interface IdentifiedFact {
  readonly id: string;
  readonly fact: Fact;
  /** Content of the event; for `message.added` the text is joined from the stored message. */
  readonly content?: unknown;
}

const closingTypes: readonly FactType[] = ['round.closed', 'part.ended', 'decision.reached'];

/** Tells whether after these facts no awaited turn counts any more. */
export function isClosing(facts: readonly IdentifiedFact[]): boolean {
  return facts.some(({ fact }) => closingTypes.includes(fact.type));
}

/**
 * Says which status a run has after these facts. A run that is decided or cancelled is still on its way: its end comes
 * with its seal, so that whoever sees the end finds the decision.
 *
 * @returns undefined when they leave it as it is
 */
export function statusAfter(facts: readonly IdentifiedFact[]): CollaborationStatus | undefined {
  const last = facts.findLast(({ fact }) => isPausing(fact))?.fact;
  if (last === undefined) return undefined;
  return last.type === 'collaboration.paused' ? 'paused' : 'running';
}

function isPausing({ type }: Fact): boolean {
  return type === 'collaboration.paused' || type === 'collaboration.resumed';
}

/**
 * Says which limits the budget has after these facts, money in micro-dollars.
 *
 * @returns undefined when they leave it as it is
 */
export function limitsAfter(
  facts: readonly IdentifiedFact[],
): { tokens: number | null; micros: number | null } | undefined {
  const raised = facts
    .map(({ fact }) => fact)
    .findLast((fact): fact is FactOf<'budget.raised'> => fact.type === 'budget.raised');
  return raised && { tokens: raised.budget.tokens, micros: raised.budget.microsUsd };
}

/**
 * Tells which stored words these facts bring into the ledger: by the name that they have in the event's content, the id
 * under which they were stored.
 */
export function storedWordsOf(fact: Fact): Readonly<Record<string, string>> {
  if (fact.type === 'message.added') return { text: fact.messageId };
  if (fact.type !== 'approval.answered') return {};
  const { textId, commentId } = fact;
  return {
    ...(textId === undefined ? {} : { text: textId }),
    ...(commentId === undefined ? {} : { comment: commentId }),
  };
}
