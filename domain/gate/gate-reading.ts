import { electorateOf, mergedChoice, tallyOf } from '../collaboration/ballots.ts';
import type { Seat } from '../collaboration/plan.ts';
import type { RunState, Standpoint } from '../collaboration/run-state.ts';
import type { Choice, Count, Tally } from '../protocols/protocol.ts';
import { countsWeights, optionsOf } from '../protocols/validity.ts';
import { normalisedEntropy, sixDecimals, sumOf } from './disagreement.ts';
import type { GateReading } from './gate-terms.ts';
import { confidenceOf } from './seat-confidence.ts';

/**
 * Reads what a gate looks at out of the votes as they stand. The order in which they came changes nothing.
 *
 * Answers that the chair has yet to group count against the leading one together, since they may all be one.
 *
 * @param state - between passes
 */
export function gateReadingOf(state: RunState): GateReading {
  const tally = tallyOf(state);
  const support = tally.counts.filter(({ votes }) => votes > 0);
  const leading = leadingOf(tally, support);
  const voted = votersOf(state).length;
  return {
    leading,
    isDecided: tally.kind === 'decided',
    disagreement: normalisedEntropy(
      support.map(({ votes }) => votes),
      kindsMax(state, voted),
    ),
    margin: leading === null ? 0 : marginOf(state, leading, support),
    ...sureness(state, leading),
    voted,
    seats: state.seats.length,
    joined: state.seats.length - state.plan.seats.length,
  };
}

function leadingOf(tally: Tally, support: readonly Count[]): string | null {
  if (tally.kind === 'decided') return tally.option;
  const [first, second] = support;
  return first === undefined || first.votes === second?.votes ? null : first.option;
}

function marginOf(state: RunState, leading: string, support: readonly Count[]): number {
  const own = sumOf(support.filter(({ option }) => option === leading).map(({ votes }) => votes));
  const others = support.filter(({ option }) => option !== leading).map(({ votes }) => votes);
  const rival = mayBeOne(state) ? sumOf(others) : Math.max(0, ...others);
  return sixDecimals((own - rival) / sumOf(state.seats.map((seat) => powerOf(state, seat))));
}

/** Whether the chair may still find that answers are the same. */
function mayBeOne({ plan, optionKeys }: RunState): boolean {
  return plan.grouping === 'model' && optionKeys.length === 0;
}

/** As many answers as seats have voted; of a closed question no more than it has options. */
function kindsMax(state: RunState, voted: number): number {
  const { closed, options } = electorateOf(state);
  return closed === true ? Math.min(options.length, voted) : voted;
}

function votersOf({ seats, standpoints }: RunState): readonly (Seat & Standpoint)[] {
  return seats.flatMap((seat) => {
    const standpoint = standpoints[seat.seat];
    return standpoint === undefined || standpoint.choice.kind === 'abstain'
      ? []
      : [{ ...seat, ...standpoint }];
  });
}

function powerOf({ plan }: RunState, { weight }: Pick<Seat, 'weight'>): number {
  return countsWeights(plan.protocol) ? weight : 1;
}

function sureness(
  state: RunState,
  leading: string | null,
): Pick<GateReading, 'confidence' | 'stated'> {
  const side = votersOf(state)
    .filter(({ choice }) => leading !== null && isFor(mergedChoice(choice, state.merges), leading))
    .map((voter) => ({
      power: powerOf(state, voter),
      confidence: confidenceOf(state.plan, voter.seat, voter.confidence),
    }));
  const stated = side.flatMap(({ power, confidence }) =>
    confidence === null ? [] : [{ power, confidence }],
  );
  const all = sumOf(side.map(({ power }) => power));
  const known = sumOf(stated.map(({ power }) => power));
  if (known === 0) return { confidence: null, stated: 0 };
  const mean = sumOf(stated.map(({ power, confidence }) => power * confidence)) / known;
  return { confidence: sixDecimals(mean), stated: sixDecimals(known / all) };
}

/** Whether a ballot is for an answer: names it, or, ranking, puts it first. */
function isFor(choice: Choice, key: string): boolean {
  const named = optionsOf(choice);
  return choice.kind === 'rank' ? named[0] === key : named.includes(key);
}
