import type { PartState } from '../domain/analysis/analysis-terms.ts';
import { pendingIn } from '../domain/approvals/approvals.ts';
import type { Fact, TurnRef } from '../domain/collaboration/fact.ts';
import type { Plan } from '../domain/collaboration/plan.ts';
import { gateNumbers } from '../domain/ledger/gate-sentence.ts';
import { hasAnswered } from '../domain/collaboration/run-state.ts';
import type { RunState } from '../domain/collaboration/run-state.ts';

const msPerSecond = 1_000;

/** Longest summary of a call or record; the server takes 400 bytes, and a persona's name may be in any script. */
const summaryBytesMax = 200;

/** One line for a model call in the Temporal UI, for instance `round 2 revision, critic, claude`. At most 200 bytes. */
export function summaryOf(state: RunState, turn: TurnRef): string {
  const seat = state.seats.find(({ seat: name }) => name === turn.seat) ?? state.plan.chair;
  const who = [...seat.personas, seat.agent].join(', ');
  return shortened(`round ${String(turn.round)} ${turn.task}, ${who}`);
}

function shortened(summary: string): string {
  const { read } = new TextEncoder().encodeInto(summary, new Uint8Array(summaryBytesMax));
  return summary.slice(0, read);
}

/** One line for a record in the Temporal UI, for instance `round.closed 1 proposal, round.opened 2 revision`. */
export function recordSummaryOf(facts: readonly Fact[]): string {
  return facts.length === 0 ? 'catch up' : shortened(facts.map(namedFact).join(', '));
}

function namedFact(fact: Fact): string {
  if (fact.type === 'part.ended') return `${fact.type} ${fact.part} ${fact.ending}`;
  if (fact.type === 'part.opened') return `${fact.type} ${fact.part}`;
  if (fact.type === 'gate.decided') return `${fact.type} ${fact.outcome}`;
  if ('approval' in fact) return `${fact.type} ${fact.approval}`;
  return 'phase' in fact ? `${fact.type} ${String(fact.round)} ${fact.phase}` : fact.type;
}

/** Names a part of an analysis, for instance `part p2, security`. */
export function partNameOf({ parts = {} }: RunState, part: string): string {
  const kind = parts[part]?.kind;
  return kind === undefined ? `part ${part}` : `part ${part}, ${kind}`;
}

/** One line for the workflow of a part, for instance `part p2, security: debate, 2 seats, 2 rounds`. */
export function childSummaryOf(state: RunState, part: string, plan: Plan): string {
  const rounds = plan.rounds === 1 ? '1 round' : `${String(plan.rounds)} rounds`;
  return `${partNameOf(state, part)}: ${plan.pattern}, ${String(plan.seats.length)} seats, ${rounds}`;
}

/** What the Temporal UI shows of a run while it goes on, as Markdown. */
export function detailsOf(state: RunState): string {
  const lines = [
    `**${state.plan.pattern}**, ${String(state.seats.length)} seats, ${whereOf(state)}`,
    `spent ${String(state.spent.tokens)} tokens in ${String(state.spent.calls)} calls`,
  ];
  if (state.gate !== undefined)
    lines.push(`gate: ${state.gate.outcome}, ${gateNumbers(state.gate)}`);
  if (state.seats.some(({ simulated }) => simulated)) lines.push('_with simulated agents_');
  if (state.verdict !== null) lines.push(`verdict: ${state.verdict.explanation}`);
  return lines.join('\n\n');
}

function whereOf(state: RunState): string {
  if (state.verdict !== null) return `ended: ${state.verdict.kind}, ${state.verdict.stoppedBy}`;
  if (state.isPaused) return 'paused';
  const pending = pendingIn(state);
  if (pending.length > 0)
    return `waits for people: ${pending.map((name) => awaitedOf(state, name)).join('; ')}`;
  if (state.parts !== undefined) return partsProgress(Object.values(state.parts));
  const { pass } = state;
  if (pass === null) return `after round ${String(state.round)}`;
  const back = pass.seats.filter((seat) => hasAnswered(state, pass, seat)).length;
  return `round ${String(pass.round)} of ${String(state.plan.rounds)}, ${pass.phase}: ${String(back)} of ${String(pass.seats.length)} are back`;
}

function partsProgress(parts: readonly PartState[]): string {
  const standing = parts.map(({ part, state, end }) => `${part} ${end?.ending ?? state}`);
  const ended = parts.filter(({ state }) => state === 'ended').length;
  return `${String(ended)} of ${String(parts.length)} parts have ended: ${standing.join(', ')}`;
}

function awaitedOf({ approvals = {} }: RunState, name: string): string {
  const { answers = [], onExpiry, expiresAfterMs = 0 } = approvals[name] ?? {};
  const seconds = String(expiresAfterMs / msPerSecond);
  return `${name} (${answers.join(', ')}; after ${seconds} s ${String(onExpiry)})`;
}
