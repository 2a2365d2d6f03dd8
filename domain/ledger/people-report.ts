import type { Approval } from '../approvals/approval-terms.ts';
import type { ApprovalReport, PeopleReport } from '../collaboration/decision.ts';
import type { Verdict } from '../collaboration/fact.ts';
import type { AnsweredContent, RequestedContent } from './approval-words.ts';
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
  const { point, state, answer, by } = approval;
  return {
    approval: name,
    point,
    state,
    answer,
    by,
    ...asked(run, name),
    ...said(run, name, approval),
  };
}

function asked(run: RunReading, name: string): Pick<ApprovalReport, 'question' | 'requestedAt'> {
  const event = run.events.find(
    ({ type, data }) => type === requestedType && data['approval'] === name,
  );
  const content = event?.data['content'] as RequestedContent | undefined;
  return { question: content?.question ?? '', requestedAt: event?.time ?? null };
}

function said(
  run: RunReading,
  name: string,
  { choice }: Approval,
): Pick<ApprovalReport, 'choice' | 'comment' | 'remembered' | 'settledAt'> {
  const event = run.events.find(
    ({ type, data }) => settledTypes.includes(type) && data['approval'] === name,
  );
  const { content, remembered } = (event?.data ?? {}) as SettledData;
  return {
    choice: content?.text ?? (choice === null ? null : run.wordsOf(choice)),
    comment: content?.comment ?? null,
    remembered: remembered ?? null,
    settledAt: event?.time ?? null,
  };
}

interface SettledData {
  readonly content?: AnsweredContent;
  readonly remembered?: string;
}
