import type { FactOf } from '../collaboration/fact.ts';
import type { Approval } from './approval-terms.ts';

/** Facts about approvals. */
export type ApprovalFact = FactOf<
  'approval.requested' | 'approval.answered' | 'approval.expired' | 'approval.withdrawn'
>;

/** The approvals of a run by name, in the order in which they were requested. */
export type Approvals = Readonly<Record<string, Approval>>;

/**
 * Folds a fact about an approval in. An approval is settled once: what comes after that changes nothing, and so the order
 * of answers to different approvals does not matter.
 */
export function evolveApprovals(approvals: Approvals, fact: ApprovalFact): Approvals {
  const { approval: name } = fact;
  const known = approvals[name];
  if (fact.type === 'approval.requested') {
    return known === undefined ? { ...approvals, [name]: requested(fact) } : approvals;
  }
  return known?.state === 'pending' ? { ...approvals, [name]: settled(known, fact) } : approvals;
}

function requested(fact: FactOf<'approval.requested'>): Approval {
  const { point, answers, onExpiry, expiresAfterMs, candidate } = fact;
  return {
    point,
    answers,
    onExpiry,
    expiresAfterMs,
    ...(candidate === undefined ? {} : { candidate }),
    state: 'pending',
    answer: null,
    by: null,
    choice: null,
    remember: false,
  };
}

function settled(known: Approval, fact: Exclude<ApprovalFact, FactOf<'approval.requested'>>) {
  switch (fact.type) {
    case 'approval.answered': {
      const { by, answer, choice, remember } = fact;
      return { ...known, state: 'answered' as const, by, answer, choice, remember };
    }
    case 'approval.expired':
      return { ...known, state: 'expired' as const, answer: fact.answer };
    case 'approval.withdrawn':
      return { ...known, state: 'withdrawn' as const };
  }
}

/** A run, as far as it asked people. */
interface Asking {
  readonly approvals?: Approvals;
}

/** Names of the approvals that still wait for an answer, in the order in which they were requested. */
export function pendingIn({ approvals = {} }: Asking): readonly string[] {
  return Object.entries(approvals)
    .filter(([, { state }]) => state === 'pending')
    .map(([name]) => name);
}

/** Whether a fact that a person or the clock caused would settle an approval that is settled already. */
export function isSettledBefore(
  { approvals = {} }: Asking,
  fact: { readonly type: string; readonly approval?: string },
): boolean {
  const isSettling = fact.type === 'approval.answered' || fact.type === 'approval.expired';
  return isSettling && approvals[String(fact.approval)]?.state !== 'pending';
}
