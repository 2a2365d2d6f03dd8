import { greatestOf, sumOf } from './poll.ts';
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
  const winners = new Set<string>();
  let worlds: readonly World[] = [options];
  for (let seen = 1; worlds.length > 0 && seen <= worldsMax; seen += worlds.length) {
    const results = worlds.map((world) => playRound(world, votes));
    for (const { winner } of results) if (winner !== undefined) winners.add(winner);
    worlds = distinct(results.flatMap((result) => result.worlds));
  }
  for (const option of worlds.flat()) winners.add(option);
  return options.filter((option) => winners.has(option));
}

/** The options that remain, always in the order of the ballot paper. */
type World = readonly string[];

interface RoundResult {
  readonly winner?: string;
  readonly worlds: readonly World[];
}

function playRound(remaining: World, votes: readonly RankedVote[]): RoundResult {
  const standings = firstPlaces(remaining, votes);
  const inPlay = sumOf(standings.map((standing) => standing.units));
  const winner = standings.find((standing) => standing.units * 2n > inPlay);
  if (winner !== undefined) return { winner: winner.option, worlds: [] };
  const supported = standings.filter((standing) => standing.units > 0n);
  if (supported.length < standings.length)
    return { worlds: [supported.map((standing) => standing.option)] };
  const most = greatestOf(standings.map((standing) => standing.units));
  const fewest = most - greatestOf(standings.map((standing) => most - standing.units));
  const last = standings.filter((standing) => standing.units === fewest);
  return { worlds: last.map(({ option }) => remaining.filter((other) => other !== option)) };
}

function firstPlaces(
  remaining: World,
  votes: readonly RankedVote[],
): { option: string; units: bigint }[] {
  const tops = votes.map(({ ranking, units }) => ({
    top: ranking.find((option) => remaining.includes(option)),
    units,
  }));
  return remaining.map((option) => ({
    option,
    units: sumOf(tops.filter(({ top }) => top === option).map((vote) => vote.units)),
  }));
}

function distinct(worlds: readonly World[]): readonly World[] {
  return [...new Map(worlds.map((world) => [JSON.stringify(world), world])).values()];
}
