import { sumOf } from './poll.ts';
import type { RankedVote } from './schulze.ts';

/** Different worlds looked at before equal eliminations are given up as a tie. */
const worldsMax = 4096;

/**
 * Options that can win an instant run-off: one is the winner, several are a tie.
 *
 * In each round an option with more than half of the ballots still in play wins; else the one with
 * the fewest first places falls. Options without any fall together, which changes nothing for the
 * others. Where several share the last place, each falls in a world of its own and the winners of all
 * worlds count, so that neither chance nor names decide. Source: V. Conitzer, M. Rognlie, L. Xia,
 * "Preference Functions That Score Rankings and Maximum Likelihood Estimation", IJCAI (2009):
 * parallel-universes tie-breaking. That takes exponential time at worst, so after 4,096 different
 * worlds all options that remain in one are tied. Expects at least one vote, for a listed option.
 */
export function instantRunoffWinners(
  options: readonly string[],
  votes: readonly RankedVote[],
): readonly string[] {
  const ballots = votes.map(({ ranking, units }) => ({
    places: ranking.map((option) => bitAt(options.indexOf(option))),
    units,
  }));
  let winners = 0n;
  let worlds: readonly World[] = [unionOf(options.map((_option, index) => bitAt(index)))];
  for (let seen = 1; worlds.length > 0 && seen <= worldsMax; seen += worlds.length) {
    const results = worlds.map((world) => playRound(world, ballots));
    winners = unionOf([winners, ...results.map(({ winner }) => winner)]);
    worlds = [...new Set(results.flatMap((result) => result.worlds))];
  }
  winners = unionOf([winners, ...worlds]);
  return options.filter((_option, index) => (winners & bitAt(index)) !== 0n);
}

/**
 * The options that remain, a bit each in the order of the ballot paper: fifty options that all tie make tens of
 * thousands of worlds, and a workflow has no seconds to compare them as lists.
 */
type World = bigint;

/** The bit of the option at a place of the ballot paper. */
function bitAt(index: number): bigint {
  return 1n << BigInt(index);
}

function unionOf(worlds: readonly World[]): World {
  return worlds.reduce((union, world) => union | world, 0n);
}

interface BitBallot {
  readonly places: readonly bigint[];
  readonly units: bigint;
}

interface RoundResult {
  /** Bit of the winner; none while nobody has won. */
  readonly winner: bigint;
  readonly worlds: readonly World[];
}

function playRound(remaining: World, ballots: readonly BitBallot[]): RoundResult {
  const standings = [...firstPlaces(remaining, ballots)];
  const inPlay = sumOf(standings.map(([, units]) => units));
  const won = standings.find(([, units]) => units * 2n > inPlay);
  if (won !== undefined) return { winner: won[0], worlds: [] };
  const supported = unionOf(standings.map(([option]) => option));
  if (supported !== remaining) return { winner: 0n, worlds: [supported] };
  const fewest = standings.reduce((least, [, units]) => (units < least ? units : least), inPlay);
  const last = standings.filter(([, units]) => units === fewest);
  return { winner: 0n, worlds: last.map(([option]) => remaining ^ option) };
}

/** Power behind each option that some ballot puts first among those that remain. */
function firstPlaces(remaining: World, ballots: readonly BitBallot[]): ReadonlyMap<bigint, bigint> {
  const standings = new Map<bigint, bigint>();
  for (const { places, units } of ballots) {
    const top = places.find((option) => (option & remaining) !== 0n);
    if (top !== undefined) standings.set(top, (standings.get(top) ?? 0n) + units);
  }
  return standings;
}
