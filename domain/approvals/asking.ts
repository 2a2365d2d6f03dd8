import type { FactOf, Verdict } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { GateWay } from '../gate/gate-terms.ts';
import {
  answersAt,
  type ApprovalAnswer,
  type ApprovalPoint,
  type People,
} from './approval-terms.ts';
import type { ApprovalFact, Approvals } from './approvals.ts';

type Asked = FactOf<'approval.requested'> | null;

/** The name of the decision's approval: there is one decision. */
export const decisionApproval = 'decision-1';

/**
 * What becomes of an approval that is pending, without anybody answering it: a run that a person has ended takes it back,
 * a run whose time is up takes the default, and an answer that was to be remembered holds again.
 *
 * @returns `null` where people are to be waited for, or nothing is pending
 */
export function settlingFact(state: RunState): ApprovalFact | null {
  const { approvals = {} } = state;
  const pending = Object.entries(approvals).find(
    ([, { state: standing }]) => standing === 'pending',
  );
  if (pending === undefined) return null;
  const [name, approval] = pending;
  if (isEndedByPerson(state)) return { type: 'approval.withdrawn', approval: name };
  if (state.isDeadlinePassed) {
    return { type: 'approval.expired', approval: name, answer: approval.onExpiry };
  }
  return approval.point === 'round' ? rememberedAnswer(approvals, name) : null;
}

function isEndedByPerson({ cancelled, closing }: RunState): boolean {
  return cancelled !== null || closing === 'run';
}

function rememberedAnswer(approvals: Approvals, name: string): FactOf<'approval.answered'> | null {
  const earlier = Object.entries(approvals).flatMap(([key, approval]) =>
    approval.answer !== null && approval.point === 'round' && approval.remember
      ? [{ remembered: key, by: String(approval.by), answer: approval.answer }]
      : [],
  );
  const [found] = earlier;
  if (found === undefined) return null;
  return { type: 'approval.answered', approval: name, choice: null, remember: true, ...found };
}

/** Asks the plan's questions, before the first pass; `null` where all were asked. */
export function questionAsked({ plan, approvals = {} }: RunState): Asked {
  const { people } = plan;
  if (people === undefined) return null;
  const names = Array.from({ length: people.questions }, (_, index) => `question-${index + 1}`);
  const next = names.find((name) => !(name in approvals));
  return next === undefined ? null : request(people, 'start', next, 'skip');
}

/** Asks whether the blind vote is enough, where the gate says that a person should look. */
export function gateAsked(state: RunState): Asked {
  const { people } = state.plan;
  const name = gateApproval(state);
  if (people === undefined || name === null || name in (state.approvals ?? {})) return null;
  return request(people, 'gate', name, people.onExpiry.gate);
}

/** Name of the approval that decides in the gate's place; `null` where the gate decides. */
function gateApproval({ plan, gate }: RunState): string | null {
  const isAsked = gate?.outcome === 'ask' && plan.people?.points.includes('gate') === true;
  return isAsked ? `gate-${String(gate.round)}` : null;
}

/**
 * What a run does after its gate: what a person said, where one is asked, or else what the gate decided.
 *
 * @returns `null` where there is no gate, or nobody has answered yet
 */
export function gateWayOf(state: RunState): GateWay | null {
  const name = gateApproval(state);
  if (name === null) return state.gate?.way ?? null;
  return (state.approvals?.[name]?.answer ?? null) as GateWay | null;
}

/**
 * Asks whether to go on after a round. Who was asked by the gate after the same round is not asked again.
 *
 * @param state - between passes
 * @param next - the round that would follow
 */
export function roundAsked(state: RunState, next: number): Asked {
  const { people } = state.plan;
  const { round, approvals = {} } = state;
  const name = `round-${String(round)}`;
  if (people?.points.includes('round') !== true || round === 0 || next <= round) return null;
  if (name in approvals || `gate-${String(round)}` in approvals) return null;
  return request(people, 'round', name, people.onExpiry.round);
}

/** Whether somebody, or the plan's default, said after a round that it is enough. */
export function isRoundRejected({ approvals = {} }: RunState): boolean {
  return Object.values(approvals).some(
    ({ point, answer }) => point === 'round' && answer === 'reject',
  );
}

/**
 * Asks whether what the panel decided shall hold. A run that a person has ended is not asked about.
 *
 * @param state - at its end
 * @param candidate - what the panel decided
 */
export function decisionAsked(state: RunState, candidate: Verdict): Asked {
  const { people } = state.plan;
  if (people?.points.includes('decision') !== true || isEndedByPerson(state)) return null;
  if (decisionApproval in (state.approvals ?? {})) return null;
  const asked = request(people, 'decision', decisionApproval, people.onExpiry.decision);
  return { ...asked, candidate };
}

function request(
  { expiresAfterMs }: People,
  point: ApprovalPoint,
  approval: string,
  onExpiry: ApprovalAnswer,
): FactOf<'approval.requested'> {
  const answers = answersAt[point];
  return { type: 'approval.requested', approval, point, answers, onExpiry, expiresAfterMs };
}
