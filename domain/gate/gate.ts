import type { FactOf } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { gateReadingOf } from './gate-reading.ts';
import type { Gate, GateDecision, GateOutcome, GateReading, GateReason } from './gate-terms.ts';

/**
 * Decides after the blind vote whether a debate can pay. Between passes only.
 *
 * Voting on blind answers explains most of what debates gain (H. K. Choi, X. Zhu, Y. Li, "Debate or Vote", 2025, arXiv 2508.17536),
 * and a debate that is held only where it is likely to help saves most of its tokens (W. Fan, J. Yoon, B. Ji, "iMAD", 2025,
 * arXiv 2511.11306; there a trained classifier decides).
 *
 * @returns `null` where the plan has no gate, the vote is not over, or the gate has decided
 */
export function gateAfterVote(state: RunState): FactOf<'gate.decided'> | null {
  const { gate } = state.plan;
  const [vote, ...later] = state.passes;
  const isDue = vote !== undefined && later.length === 0 && state.gate === undefined;
  if (gate === undefined || gate === null || !isDue) return null;
  return { type: 'gate.decided', round: vote.round, ...decisionOn(gateReadingOf(state), gate) };
}

/**
 * Holds what was read against the thresholds.
 *
 * `done` takes all of them. Votes that agree too little, or are not sure enough, are debated. Votes that agree while
 * nobody knows how sure they are, or while they are less sure than `confidenceAsk`, are a question for a person: a
 * debate among those who agree brings no other view.
 */
export function decisionOn(reading: GateReading, gate: Gate): Omit<GateDecision, 'round'> {
  const reasons = reasonsIn(reading, gate);
  const outcome = outcomeOf(reasons, reading, gate);
  return { outcome, way: outcome === 'ask' ? gate.askedWay : outcome, reasons, reading };
}

function reasonsIn(reading: GateReading, gate: Gate): readonly GateReason[] {
  const { disagreement, confidence } = reading;
  const isUnknown = confidence === null || reading.stated < gate.statedMin;
  const against: readonly (readonly [GateReason, boolean])[] = [
    ['undecided', !reading.isDecided],
    ['unheard-seat', reading.joined > 0],
    ['disagreement', disagreement === null || disagreement > gate.disagreementMax],
    ['margin', reading.margin < gate.marginMin],
    ['confidence', !isUnknown && confidence < gate.confidenceMin],
    ['confidence-unknown', isUnknown],
  ];
  return against.filter(([, holds]) => holds).map(([reason]) => reason);
}

function outcomeOf(
  reasons: readonly GateReason[],
  { confidence }: GateReading,
  { confidenceAsk }: Gate,
): GateOutcome {
  const [first] = reasons;
  if (first === undefined) return 'done';
  const isDoubtful = confidence !== null && confidence < confidenceAsk;
  // What a debate is there for comes first among the reasons: where confidence does, the votes agree.
  const isForPerson = first === 'confidence-unknown' || (first === 'confidence' && isDoubtful);
  return isForPerson ? 'ask' : 'debate';
}
