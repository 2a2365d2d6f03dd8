import { compareCodePoints } from './code-point-order.ts';
import type { Ballot, Choice, Electorate, Protocol } from './protocol.ts';
import { ballotFault, countsWeights, judgeOf, optionsOf, protocolFault } from './validity.ts';
import { finestExponent, unitsOf } from './weight.ts';

/** A ballot with the exact voting power behind it. */
export interface Vote {
  readonly choice: Choice;
  readonly vetoes: readonly string[];
  readonly units: bigint;
}

/**
 * Ballots made ready for counting: checked, weighed exactly, free of seat names.
 *
 * `options` are all known ones by code point; `votes` include abstentions; `outstanding` is the power
 * of each seat without a ballot; `canGrow` says whether those may bring new options; `judgement` is
 * the choice of the judge's seat, once it is there.
 */
export interface Poll {
  readonly options: readonly string[];
  readonly votes: readonly Vote[];
  readonly outstanding: readonly bigint[];
  readonly exponent: number;
  readonly canGrow: boolean;
  readonly judgement: Choice | undefined;
}

/**
 * Checks and weighs ballots.
 *
 * @throws Error when the protocol does not fit the electorate, a ballot is invalid or a seat votes twice.
 */
export function openPoll(
  protocol: Protocol,
  ballots: readonly Ballot[],
  electorate: Electorate,
): Poll {
  refuse(protocolFault(protocol, electorate));
  const bySeat = new Map<string, Ballot>();
  for (const ballot of ballots) {
    refuse(ballotFault(protocol, ballot, electorate));
    refuse(
      bySeat.has(ballot.seat) ? `seat "${ballot.seat}": got two ballots, expected one` : undefined,
    );
    bySeat.set(ballot.seat, ballot);
  }
  const isWeighted = countsWeights(protocol);
  const exponent = isWeighted ? finestExponent(electorate.seats.map((seat) => seat.weight)) : 0;
  const seats = electorate.seats.map(({ seat, weight }) => ({
    ballot: bySeat.get(seat),
    units: isWeighted ? unitsOf(weight, exponent) : 1n,
  }));
  const judge = judgeOf(protocol, electorate);
  return {
    options: knownOptions(ballots, electorate),
    votes: seats.flatMap(({ ballot, units }) =>
      ballot ? [{ choice: ballot.choice, vetoes: ballot.vetoes ?? [], units }] : [],
    ),
    outstanding: seats.flatMap(({ ballot, units }) => (ballot ? [] : [units])),
    exponent,
    canGrow: electorate.closed !== true,
    judgement: judge === undefined ? undefined : bySeat.get(judge)?.choice,
  };
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault);
}

function knownOptions(ballots: readonly Ballot[], electorate: Electorate): readonly string[] {
  const named = ballots.flatMap((ballot) => [
    ...optionsOf(ballot.choice),
    ...(ballot.vetoes ?? []),
  ]);
  return [...new Set([...electorate.options, ...named])].sort(compareCodePoints);
}

/** Adds up voting power. */
export function sumOf(units: readonly bigint[]): bigint {
  return units.reduce((sum, unit) => sum + unit, 0n);
}

/** Greatest of some amounts of voting power, 0 when there are none. */
export function greatestOf(units: readonly bigint[]): bigint {
  return units.reduce((greatest, unit) => (unit > greatest ? unit : greatest), 0n);
}

/** Power behind an option; a ranking supports only the one it puts first. */
export function supportFor(poll: Poll, option: string): bigint {
  const supporters = poll.votes.filter(({ choice }) => {
    const named = optionsOf(choice);
    return choice.kind === 'rank' ? named[0] === option : named.includes(option);
  });
  return sumOf(supporters.map((vote) => vote.units));
}

/** Power behind each option, in the order of the poll's options. */
export function supportOf(poll: Poll): ReadonlyMap<string, bigint> {
  return new Map(poll.options.map((option) => [option, supportFor(poll, option)]));
}

/** Power of the votes that name an option. */
export function castOf(poll: Poll): bigint {
  return sumOf(
    poll.votes.filter((vote) => vote.choice.kind !== 'abstain').map((vote) => vote.units),
  );
}

/** Options that some ballot excludes. */
export function vetoedOf(poll: Poll): ReadonlySet<string> {
  return new Set(poll.votes.flatMap((vote) => vote.vetoes));
}
