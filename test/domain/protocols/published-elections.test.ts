import { describe, expect, test } from '@jest/globals';

import {
  pairwisePreferences,
  schulzeRanking,
  strongestPaths,
} from '../../../domain/protocols/schulze.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import { abstain, approve, electionOf, rank, single } from './election.ts';

/** https://en.wikipedia.org/wiki/Schulze_method: 45 voters, five candidates. */
const schulzeBallots = [
  [5, 'ACBED'],
  [5, 'ADECB'],
  [8, 'BEDAC'],
  [3, 'CABED'],
  [7, 'CAEBD'],
  [2, 'CBADE'],
  [7, 'DCEBA'],
  [8, 'EBADC'],
] as const;

/** The capital of Tennessee, in percent of voters: https://en.wikipedia.org/wiki/Instant-runoff_voting. */
const tennesseeBallots = [
  [42, ['Memphis', 'Nashville', 'Chattanooga', 'Knoxville']],
  [26, ['Nashville', 'Chattanooga', 'Knoxville', 'Memphis']],
  [15, ['Chattanooga', 'Knoxville', 'Nashville', 'Memphis']],
  [17, ['Knoxville', 'Chattanooga', 'Nashville', 'Memphis']],
] as const;
const cities = ['Memphis', 'Nashville', 'Chattanooga', 'Knoxville'];

/** Mayor of Burlington, Vermont, 2009, for the last three: https://rangevoting.org/Burlington.html. */
const burlingtonBallots = [
  [1332, ['Montroll', 'Kiss', 'Wright']],
  [767, ['Montroll', 'Wright', 'Kiss']],
  [455, ['Montroll']],
  [2043, ['Kiss', 'Montroll', 'Wright']],
  [371, ['Kiss', 'Wright', 'Montroll']],
  [568, ['Kiss']],
  [1513, ['Wright', 'Montroll', 'Kiss']],
  [495, ['Wright', 'Kiss', 'Montroll']],
  [1289, ['Wright']],
] as const;
const candidates = ['Kiss', 'Montroll', 'Wright'];

function weighted(
  options: readonly string[],
  ballots: readonly (readonly [number, readonly string[]])[],
): ReturnType<typeof electionOf> {
  return electionOf(
    options,
    ballots.map(([weight, ranking]) => ({ choice: rank(...ranking), weight })),
  );
}

describe("Schulze's example of 45 voters", () => {
  const options = ['A', 'B', 'C', 'D', 'E'];
  const votes = schulzeBallots.map(([heads, ranking]) => ({
    ranking: Array.from(ranking),
    units: BigInt(heads),
  }));

  test('has the published preferences and strongest paths', () => {
    const preferences = pairwisePreferences(options, votes);

    const filled = options.map((_, row) =>
      options.map((_, column) => preferences[row]?.[column] ?? 0n),
    );
    expect(filled).toEqual([
      [0n, 20n, 26n, 30n, 22n],
      [25n, 0n, 16n, 33n, 18n],
      [19n, 29n, 0n, 17n, 24n],
      [15n, 12n, 28n, 0n, 14n],
      [23n, 27n, 21n, 31n, 0n],
    ]);
    expect(strongestPaths(preferences)).toEqual([
      [0n, 28n, 28n, 30n, 24n],
      [25n, 0n, 28n, 33n, 24n],
      [25n, 29n, 0n, 29n, 24n],
      [25n, 28n, 28n, 0n, 24n],
      [25n, 28n, 28n, 31n, 0n],
    ]);
  });

  test('ranks E > A > C > B > D', () => {
    expect(schulzeRanking(options, votes)).toEqual([['E'], ['A'], ['C'], ['B'], ['D']]);
  });

  test('elects E, head by head', () => {
    const blocs = schulzeBallots.map(([heads, ranking]) => ({
      choice: rank(...Array.from(ranking)),
      heads,
    }));
    const { ballots, electorate } = electionOf(options, blocs);

    const outcome = tally({ kind: 'ranked', method: 'schulze' }, ballots, electorate);

    expect(outcome).toEqual({
      kind: 'decided',
      option: 'E',
      method: 'ranked, Schulze',
      explanation: 'by strongest paths "E" > "A" > "C" > "B" > "D"',
      counts: [
        { option: 'C', votes: 12 },
        { option: 'A', votes: 10 },
        { option: 'B', votes: 8 },
        { option: 'E', votes: 8 },
        { option: 'D', votes: 7 },
      ],
    });
  });
});

describe('the capital of Tennessee', () => {
  test('is Memphis by plurality', () => {
    const blocs = tennesseeBallots.map(([heads, [first]]) => ({ choice: single(first), heads }));
    const { ballots, electorate } = electionOf(cities, blocs);

    const outcome = tally({ kind: 'plurality' }, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'decided',
      option: 'Memphis',
      counts: [
        { option: 'Memphis', votes: 42 },
        { option: 'Nashville', votes: 26 },
        { option: 'Knoxville', votes: 17 },
        { option: 'Chattanooga', votes: 15 },
      ],
    });
  });

  test('is Nashville when all approve their first two', () => {
    const blocs = tennesseeBallots.map(([weight, [first, second]]) => ({
      choice: approve(first, second),
      weight,
    }));
    const { ballots, electorate } = electionOf(cities, blocs);

    const outcome = tally({ kind: 'approval' }, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'decided',
      option: 'Nashville',
      counts: [
        { option: 'Nashville', votes: 68 },
        { option: 'Chattanooga', votes: 58 },
        { option: 'Memphis', votes: 42 },
        { option: 'Knoxville', votes: 32 },
      ],
    });
  });

  test.each([
    ['schulze', 'Nashville'],
    ['instant-runoff', 'Knoxville'],
  ] as const)('by %s is %s', (method, option) => {
    const { ballots, electorate } = weighted(cities, tennesseeBallots);

    const outcome = tally({ kind: 'ranked', method }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option });
  });
});

describe('the mayor of Burlington in 2009', () => {
  test.each([
    ['instant-runoff', 'Kiss'],
    ['schulze', 'Montroll'],
  ] as const)('by %s is %s', (method, option) => {
    const { ballots, electorate } = weighted(candidates, burlingtonBallots);

    const outcome = tally({ kind: 'ranked', method }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option });
  });

  test('beats pairwise as published', () => {
    const votes = burlingtonBallots.map(([heads, ranking]) => ({ ranking, units: BigInt(heads) }));

    const preferences = pairwisePreferences(candidates, votes);

    expect([preferences[1]?.[0], preferences[0]?.[1]]).toEqual([4067n, 3477n]); // Montroll, Kiss
    expect([preferences[1]?.[2], preferences[2]?.[1]]).toEqual([4597n, 3668n]); // Montroll, Wright
    expect([preferences[0]?.[2], preferences[2]?.[0]]).toEqual([4314n, 4064n]); // Kiss, Wright
  });

  test('shows that instant run-off is not monotone: 753 more for Kiss make Kiss lose', () => {
    const raised = [
      ...burlingtonBallots.slice(0, 7),
      [495, ['Kiss', 'Wright', 'Montroll']],
      [258, ['Kiss', 'Wright']],
      [1289 - 258, ['Wright']],
    ] as const;
    const { ballots, electorate } = weighted(candidates, raised);

    const outcome = tally({ kind: 'ranked', method: 'instant-runoff' }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'Montroll' });
  });
});

describe('votes of states', () => {
  test('the Senate misses two thirds for the Treaty of Versailles by 49 to 35 in 1920', () => {
    const { ballots, electorate } = electionOf(
      ['consent', 'refuse'],
      [
        { choice: single('consent'), heads: 49 },
        { choice: single('refuse'), heads: 35 },
        { choice: abstain, heads: 12 },
      ],
    );

    const outcome = tally({ kind: 'supermajority', share: 2 / 3 }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });

  test('the Council of 1958 needs 12 of 17, where the vote of Luxembourg never matters', () => {
    const weights = [4, 4, 4, 2, 2]; // Germany, France, Italy, Belgium, the Netherlands
    const passes = (bits: number, luxembourg: string): boolean => {
      const five = weights.map((weight, place) => ({
        weight,
        choice: single((bits >> place) % 2 === 1 ? 'yes' : 'no'),
      }));
      const { ballots, electorate } = electionOf(
        ['yes', 'no'],
        [...five, { weight: 1, choice: single(luxembourg) }],
      );
      const protocol = { kind: 'supermajority', share: 12 / 17, of: 'seats' } as const;
      const outcome = tally(protocol, ballots, electorate);
      return outcome.kind === 'decided' && outcome.option === 'yes';
    };
    const coalitions = Array.from({ length: 32 }, (_, bits) => bits);

    const passed = coalitions.filter((bits) => passes(bits, 'yes'));

    // The three great with any of the others, or two of them with both middle ones.
    expect(passed).toEqual([0b00111, 0b01111, 0b10111, 0b11011, 0b11101, 0b11110, 0b11111]);
    expect(coalitions.filter((bits) => passes(bits, 'no'))).toEqual(passed);
  });

  test.each([
    ['resolution 678 of 1990', 12, 2, 1, { kind: 'decided', option: 'adopt' }],
    ['an invented draft short of nine', 8, 2, 5, { kind: 'no-decision', reason: 'no-quorum' }],
  ] as const)('the Security Council decides %s', (_, adopt, reject, silent, expected) => {
    const { ballots, electorate } = electionOf(
      ['adopt', 'reject'],
      [
        { choice: single('adopt'), heads: adopt },
        { choice: single('reject'), heads: reject },
        { choice: abstain, heads: silent },
      ],
    );

    const outcome = tally({ kind: 'quorum', required: 9, veto: true }, ballots, electorate);

    expect(outcome).toMatchObject(expected);
  });

  test('the Security Council is stopped by one veto against 11 votes, as over S/2022/155', () => {
    const { ballots, electorate } = electionOf(
      ['adopt', 'reject'],
      [
        { choice: single('adopt'), heads: 11 },
        { choice: abstain, heads: 3 },
        { choice: single('reject') },
      ],
    );
    const withVeto = ballots.map((ballot, index) =>
      index === 14 ? { ...ballot, vetoes: ['adopt'] } : ballot,
    );

    const outcome = tally({ kind: 'quorum', required: 9, veto: true }, withVeto, electorate);

    expect(outcome).toMatchObject({
      kind: 'no-decision',
      reason: 'veto',
      explanation: '"adopt" met a veto',
    });
  });
});
