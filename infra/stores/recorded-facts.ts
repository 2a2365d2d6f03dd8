import type { Fact, FactOf } from '../../domain/collaboration/fact.ts';
import type { CollaborationStatus } from './collaboration-store.ts';
import type { IdentifiedFact } from './turn-store.ts';

/**
 * Finds the fact after which no awaited turn counts any more.
 *
 * @returns the id of its event, or undefined when none of them closes anything
 */
export function closingOf(facts: readonly IdentifiedFact[]): string | undefined {
  return facts.find(({ fact }) => fact.type === 'round.closed' || fact.type === 'decision.reached')
    ?.id;
}

/**
 * Says which status a run has after these facts.
 *
 * @returns undefined when they leave it as it is
 */
export function statusAfter(facts: readonly IdentifiedFact[]): CollaborationStatus | undefined {
  let status: CollaborationStatus | undefined;
  for (const { fact } of facts) status = statusOf(fact) ?? status;
  return status;
}

function statusOf(fact: Fact): CollaborationStatus | undefined {
  switch (fact.type) {
    case 'collaboration.paused':
      return 'paused';
    case 'collaboration.resumed':
      return 'running';
    case 'collaboration.cancelled':
      return 'cancelled';
    case 'decision.reached':
      return fact.verdict.stoppedBy === 'cancelled' ? 'cancelled' : 'completed';
    default:
      return undefined;
  }
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

/** Lists the messages that these facts bring into the ledger. */
export function messageIdsOf(facts: readonly IdentifiedFact[]): string[] {
  return facts.flatMap(({ fact }) => (fact.type === 'message.added' ? [fact.messageId] : []));
}
