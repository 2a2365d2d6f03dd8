import type { Verdict } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { decisionApproval } from './asking.ts';

/**
 * The verdict as people left it, once the decision's approval is answered or has expired. A cancellation comes before it.
 *
 * @returns `null` where people have not decided
 */
export function verdictByPeople({ approvals, cancelled }: RunState): Verdict | null {
  const approval = approvals?.[decisionApproval];
  const candidate = approval?.candidate;
  if (candidate === undefined || approval === undefined || cancelled !== null) return null;
  const { answer, by, choice } = approval;
  if (answer === null) return null;
  const { kind, reason, explanation, ...course } = candidate;
  const panel = { kind, answer: candidate.answer, reason };
  const people = { approval: decisionApproval, answer, by, panel };
  if (answer === 'approve') return { ...candidate, people };
  if (answer === 'edit') {
    const words = `decided by ${String(by)}; the panel: ${explanation}`;
    return { ...course, kind: 'decided', answer: choice, reason: null, explanation: words, people };
  }
  const refused = by === null ? 'nobody approved it in time' : `rejected by ${by}`;
  return {
    ...course,
    kind: 'no-decision',
    answer: null,
    reason: 'rejected',
    explanation: `${refused}; the panel: ${explanation}`,
    people,
  };
}
