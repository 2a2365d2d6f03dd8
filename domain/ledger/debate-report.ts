import { gateWayOf } from '../approvals/asking.ts';
import { ballotsOf, electorateOf } from '../collaboration/ballots.ts';
import type { ControlVote, DebateReport, GateReport } from '../collaboration/decision.ts';
import type { FactOf, Verdict } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { Protocol, Tally } from '../protocols/protocol.ts';
import { tally } from '../protocols/tally.ts';
import { totalCost } from './cost.ts';
import { costsOfTurn, isPosition } from './run-reading.ts';
import type { RunReading } from './run-reading.ts';

/** What the decision of the same run says besides. */
interface Ending {
  readonly verdict: Verdict;
  readonly flips: number;
  /** Puts words in the place of the keys of an explanation. */
  readonly inWords: (explanation: string) => string;
}

/**
 * Tells what a debate was worth: what its blind vote alone would have decided, and what all that followed cost and changed.
 *
 * The vote is taken as the control because it explains most of what debates gain (H. K. Choi, X. Zhu, Y. Li, "Debate or Vote",
 * 2025, arXiv 2508.17536).
 *
 * @param run - a run that has ended
 * @param ending - how it ended
 * @returns `undefined` for other patterns, and for runs that are older than gates
 */
export function debateReportOf(run: RunReading, ending: Ending): DebateReport | undefined {
  const { plan, merges } = run.state;
  if (plan.gate === undefined) return undefined;
  const counted = controlTally(run);
  const control = counted?.kind === 'decided' ? counted.option : null;
  // What a person decided otherwise is no merit of the debate.
  const { answer } = ending.verdict.people?.panel ?? ending.verdict;
  return {
    control: controlVote(run, counted, ending),
    gate: gateReportOf(run),
    changed: control !== (answer === null ? null : (merges[answer] ?? answer)),
    rounds: roundsOf(run).map((round) => ({ round, ...costOf(run, (at) => at === round) })),
    chair: costOf(run, (round) => round === null),
    marginal: {
      ...costOf(run, (round) => round !== null && round > 1),
      flips: ending.flips,
    },
  };
}

/**
 * Counts the blind votes as if nothing had come after them, under the plan's protocol; under `judge` as a plurality,
 * since nobody has judged them. Groups that the chair found at the end are read into them.
 *
 * @returns `undefined` where no seat took a position
 */
export function controlTally(run: RunReading): Tally | undefined {
  const { state } = run;
  const blind = state.plan.seats.flatMap(({ seat }) => blindPosition(run, seat) ?? []);
  if (blind.length === 0) return undefined;
  const protocol: Protocol =
    state.plan.protocol.kind === 'judge' ? { kind: 'plurality' } : state.plan.protocol;
  const before: RunState = {
    ...state,
    plan: { ...state.plan, protocol },
    seats: state.plan.seats,
    standpoints: Object.fromEntries(
      blind.map((fact) => [fact.seat, { ...fact, vetoes: fact.vetoes ?? [] }]),
    ),
    judgement: null,
  };
  return tally(protocol, ballotsOf(before), electorateOf(before));
}

function blindPosition(run: RunReading, seat: string): FactOf<'position.submitted'> | undefined {
  return run.turns
    .filter(isPosition)
    .map(({ fact }) => fact)
    .find((fact) => fact.seat === seat && fact.round === 1 && fact.task !== 'nomination');
}

function controlVote(
  run: RunReading,
  counted: Tally | undefined,
  { inWords }: Ending,
): ControlVote {
  if (counted === undefined) {
    const explanation = 'no seat gave a usable answer';
    return { kind: 'no-decision', answer: null, reason: 'no-answers', explanation };
  }
  const explanation = inWords(counted.explanation);
  return counted.kind === 'decided'
    ? { kind: 'decided', answer: run.wordsOf(counted.option), reason: null, explanation }
    : { kind: 'no-decision', answer: null, reason: counted.reason, explanation };
}

function gateReportOf(run: RunReading): GateReport | null {
  const { gate } = run.state;
  if (gate === undefined) return null;
  const { outcome, reasons, reading } = gate;
  // Where people were asked, theirs; one that was withdrawn leaves the gate's own.
  const way = gateWayOf(run.state) ?? gate.way;
  const leading = reading.leading === null ? null : run.wordsOf(reading.leading);
  return { outcome, way, reasons, ...reading, leading };
}

/** Rounds in which a seat was asked. */
function roundsOf(run: RunReading): readonly number[] {
  const last = Math.max(1, run.state.round);
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** What the calls of some rounds cost; the chair's belong to none. */
function costOf(
  run: RunReading,
  isMeant: (round: number | null) => boolean,
): ReturnType<typeof totalCost> {
  const { chair } = run.state.plan;
  return totalCost(
    run.turns.flatMap(({ fact }) => {
      const round = fact.seat === chair.seat ? null : fact.round;
      return isMeant(round) ? costsOfTurn(fact) : [];
    }),
  );
}
