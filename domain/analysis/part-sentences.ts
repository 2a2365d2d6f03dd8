import type { FactOf } from '../collaboration/fact.ts';
import type { BudgetLimits } from '../collaboration/plan.ts';
import { formatUsd } from '../providers/price.ts';
import type { PartEnd, RefusalReason } from './analysis-terms.ts';

/** Says in a few words how a part came out, its name first. */
export function endInWords({ part, ending, reason }: PartEnd): string {
  switch (ending) {
    case 'answered':
      return `${part} answered`;
    case 'failed':
      return `${part} failed`;
    case 'unanswered':
      return unansweredInWords(part, reason);
    case 'refused':
      return `${part} ${refusals[reason as RefusalReason]}`;
  }
}

function unansweredInWords(part: string, reason: PartEnd['reason']): string {
  if (reason === 'budget') return `${part} ran out of its budget`;
  if (reason === 'deadline') return `${part} ran out of time`;
  return reason === 'cancelled'
    ? `${part} was cancelled`
    : `${part} came to no decision (${String(reason)})`;
}

const refusals: Readonly<Record<RefusalReason, string>> = {
  budget: 'was not begun, for its share of the budget was too small',
  'needs-missing': 'was not begun, for no part that it needs gave an answer',
  stopped: 'was not begun',
  unplannable: 'could not be planned',
};

/** Says in one sentence what happened to a part. */
export function partSentence(fact: FactOf<'part.opened' | 'part.ended'>): string {
  if (fact.type === 'part.opened') {
    return `Part ${fact.part} begins with ${shareInWords(fact.budget)}.`;
  }
  const { calls, charged } = fact;
  const used = `${calls} ${calls === 1 ? 'call' : 'calls'}, ${charged.tokens} tokens and ${formatUsd(charged.microsUsd)}`;
  return `Part ended: ${endInWords(fact)}; it counts ${used}.`;
}

function shareInWords({ tokens, microsUsd }: BudgetLimits): string {
  const limits = [
    ...(tokens === null ? [] : [`${tokens} tokens`]),
    ...(microsUsd === null ? [] : [formatUsd(microsUsd)]),
  ];
  return limits.length === 0 ? 'no limit of its own' : `at most ${limits.join(' and ')}`;
}
