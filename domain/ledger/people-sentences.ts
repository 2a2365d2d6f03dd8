import type { ApprovalReport, PeopleReport } from '../collaboration/decision.ts';

/**
 * Tells what people had to do with a decision, one sentence each: who had the last word and what the panel decided without
 * them, then every answer.
 */
export function peopleSentences({ decision, approvals }: PeopleReport): readonly string[] {
  return [...(decision === null ? [] : [lastWord(decision)]), ...approvals.map(answerOf)];
}

function lastWord({ by, answer, panel }: NonNullable<PeopleReport['decision']>): string {
  const who = by === null ? 'Nobody answered in time' : `${by} had the last word`;
  const alone =
    panel.answer === null ? `no decision (${String(panel.reason)})` : `"${panel.answer}"`;
  return `${who}: ${answer}. The panel alone: ${alone}.`;
}

function answerOf({
  approval,
  state,
  answer,
  by,
  choice,
  comment,
  remembered,
}: ApprovalReport): string {
  if (answer === null) return `${approval}: ${state}`;
  const words = choice === null ? '' : ` "${choice}"`;
  const who = by ?? 'nobody, in time';
  const earlier = remembered === null ? '' : `, remembered from ${remembered}`;
  const said = comment === null ? '' : ` (${comment})`;
  return `${approval}: ${answer}${words} by ${who}${earlier}${said}`;
}
