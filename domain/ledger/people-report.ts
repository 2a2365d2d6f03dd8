import type { Approval } from '../approvals/approval-terms.ts';
import type { ApprovalReport, PeopleReport } from '../collaboration/decision.ts';
import type { Verdict } from '../collaboration/fact.ts';
import type { AnsweredContent, RequestedContent } from './approval-words.ts';
import type { LedgerEvent } from './event.ts';
import type { RunReading } from './run-reading.ts';

const requestedType = 'conclave.approval.requested.v1';
const settledTypes: readonly string[] = [
  'conclave.approval.answered.v1',
  'conclave.approval.expired.v1',
  'conclave.approval.withdrawn.v1',
];

/**
 * Tells what people were asked and answered, and what the panel decided without them.
 *
 * @param run - a run that has ended
 * @param verdict - how it ended
 * @returns `undefined` for runs that ask nobody
 */
export function peopleReportOf(run: RunReading, verdict: Verdict): PeopleReport | undefined {
  if (run.state.plan.people === undefined) return undefined;
  const { people } = verdict;
  const approvals = Object.entries(run.state.approvals ?? {}).map(([name, approval]) =>
    reportOf(run, name, approval),
  );
  if (people === undefined) return { decision: null, approvals };
  const { answer, by, panel } = people;
  const words = panel.answer === null ? null : run.wordsOf(panel.answer);
  return { decision: { answer, by, panel: { ...panel, answer: words } }, approvals };
}

function reportOf(run: RunReading, name: string, approval: Approval): ApprovalReport {
  const { point, state, answer, by, choice } = approval;
  const isItsOwn = ({ data }: LedgerEvent): boolean => data['approval'] === name;
  const requested = run.events.find((event) => event.type === requestedType && isItsOwn(event));
  const settled = run.events.find((event) => settledTypes.includes(event.type) && isItsOwn(event));
  const asked = requested?.data['content'] as RequestedContent | undefined;
  const said = settled?.data['content'] as AnsweredContent | undefined;
  return {
    approval: name,
    point,
    question: asked?.question ?? '',
    state,
    answer,
    by,
    choice: said?.text ?? (choice === null ? null : run.wordsOf(choice)),
    comment: said?.comment ?? null,
    remembered: (settled?.data['remembered'] as string | undefined) ?? null,
    requestedAt: requested?.time ?? null,
    settledAt: settled?.time ?? null,
  };
}
