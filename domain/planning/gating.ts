import type { Plan } from '../collaboration/plan.ts';
import type { CollaborationRequest } from '../collaboration/request.ts';
import { gatedBelow, usualGate } from '../gate/gate-defaults.ts';
import type { Gate } from '../gate/gate-terms.ts';
import { shown, type Fault } from './fault.ts';

/** What of a plan decides whether a gate has anything to decide. */
type Gated = Pick<Plan, 'pattern' | 'protocol' | 'rounds' | 'thoroughness' | 'optionKeys'>;

/** Fewest rounds of which one can be saved. */
const roundsMin = 2;

/**
 * Tells whether a plan is to have a gate where one is of use: the request asks for one, or says nothing and its question
 * is closed, or it is less thorough than `gatedBelow`.
 */
export function isGateWanted(
  { pattern, thoroughness, optionKeys }: Pick<Gated, 'pattern' | 'thoroughness' | 'optionKeys'>,
  asked: CollaborationRequest['gate'],
): boolean {
  if (pattern !== 'debate') return false;
  if (asked !== undefined) return asked !== 'off';
  return optionKeys.length > 0 || thoroughness < gatedBelow;
}

/**
 * Gives a plan its gate: the one that is asked for, or, where nothing is said, the usual one.
 *
 * A debate of one round and one that a judge decides have none: there is nothing to save, or the votes do not decide.
 *
 * @param plan - with its rounds and protocol
 * @param asked - what the request says
 * @param base - thresholds for those that it leaves out; they follow thoroughness unless given
 * @returns no field at all for other patterns
 */
export function gateOf(
  plan: Gated,
  asked: CollaborationRequest['gate'],
  base = usualGate(plan),
): Pick<Plan, 'gate'> {
  if (plan.pattern !== 'debate') return {};
  if (!isGateWanted(plan, asked) || unfit(plan) !== null) return { gate: null };
  const given: Partial<Gate> = typeof asked === 'object' ? asked : {};
  const gate = { ...base, ...given };
  const confidenceAsk = given.confidenceAsk ?? Math.min(gate.confidenceAsk, gate.confidenceMin);
  return { gate: { ...gate, confidenceAsk } };
}

/** Tells why a gate that is asked for would decide nothing, or contradicts itself; takes what `gateOf` takes. */
export function gateFaults(
  plan: Gated,
  asked: CollaborationRequest['gate'],
  base = usualGate(plan),
): readonly Fault[] {
  if (typeof asked !== 'object') return [];
  const expected = unfit(plan);
  if (expected !== null) return [{ field: 'gate', got: shown(asked), expected }];
  const { confidenceAsk = 0, confidenceMin = base.confidenceMin } = asked;
  if (confidenceAsk <= confidenceMin) return [];
  const most = `at most confidenceMin, which is ${String(confidenceMin)}`;
  return [{ field: 'gate.confidenceAsk', got: shown(confidenceAsk), expected: most }];
}

/** What would have to be otherwise for a gate to decide anything; `null` where it can. */
function unfit({ pattern, protocol, rounds }: Gated): string | null {
  if (pattern !== 'debate') return `none in a ${pattern}: a gate decides whether to debate`;
  if (protocol.kind === 'judge') return 'none, or "off", under judge, where votes do not decide';
  return rounds < roundsMin
    ? `none, or "off", or at least ${String(roundsMin)} rounds: one round is the blind vote alone`
    : null;
}
