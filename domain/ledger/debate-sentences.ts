import type { Cost, DebateReport, PeopleReport } from '../collaboration/decision.ts';
import { gateVerdict } from './gate-sentence.ts';

/**
 * Tells in one sentence each what a debate was worth: the control, what the gate made of it, what followed, and what each round cost.
 *
 * @param report - of a debate
 */
export function debateSentences(report: DebateReport, people?: PeopleReport): readonly string[] {
  const isAsked = people?.approvals.some(({ point }) => point === 'gate') === true;
  const { control, gate, changed, rounds, chair, marginal } = report;
  const alone = control.answer ?? `no decision (${String(control.reason)})`;
  return [
    `Blind vote alone: ${alone}; ${changed ? 'the end is another' : 'the end is the same'}.`,
    ...(gate === null ? [] : [gateVerdict(gate, isAsked)]),
    marginal.calls === 0
      ? 'Nothing was debated.'
      : `The debate beyond it cost ${spent(marginal)} for ${counted(marginal.flips, 'flip')}.`,
    ...rounds.map((cost) => `Round ${String(cost.round)} cost ${spent(cost)}.`),
    ...(chair.calls === 0 ? [] : [`The chair cost ${spent(chair)}.`]),
  ];
}

function spent({ inputTokens, outputTokens, usd, calls }: Cost): string {
  const tokens = inputTokens === null || outputTokens === null ? null : inputTokens + outputTokens;
  const known = (value: number | null): string => (value === null ? 'unknown' : String(value));
  return `${known(tokens)} tokens, ${known(usd)} USD in ${counted(calls, 'call')}`;
}

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
