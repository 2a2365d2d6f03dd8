import { describe, expect, test } from '@jest/globals';

import { instantRunoffWinners } from '../../../domain/protocols/instant-runoff.ts';
import type { Protocol } from '../../../domain/protocols/protocol.ts';
import { protocolKinds } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import { abstain, approve, electionOf, rank, single } from './election.ts';

const options = ['A', 'B', 'C'];

const everyProtocol: Protocol[] = [
  { kind: 'plurality' },
  { kind: 'weighted' },
  { kind: 'approval' },
  { kind: 'ranked', method: 'schulze' },
  { kind: 'ranked', method: 'instant-runoff' },
  { kind: 'quorum', required: 1, veto: true },
  { kind: 'supermajority', share: 0.5 },
  { kind: 'unanimity' },
  { kind: 'judge', judge: 'seat-0' },
];

describe('without a single vote', () => {
  test('the list of cases names every protocol', () => {
    expect(new Set(everyProtocol.map(({ kind }) => kind))).toEqual(new Set(protocolKinds));
  });

  test.each(everyProtocol)('$kind has no quorum', (protocol) => {
    const { ballots, electorate } = electionOf(options, [{ choice: abstain, heads: 3 }]);

    const outcome = tally(protocol, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'no-decision',
      reason: 'no-quorum',
      counts: options.map((option) => ({ option, votes: 0 })),
    });
  });
});

describe('plurality', () => {
  test('takes the most votes and leaves out abstentions', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('B'), heads: 2 },
      { choice: single('C') },
      { choice: abstain, heads: 3 },
    ]);

    const outcome = tally({ kind: 'plurality' }, ballots, electorate);

    expect(outcome).toEqual({
      kind: 'decided',
      option: 'B',
      method: 'plurality',
      explanation: '"B" has the most, 2 of 3',
      counts: [
        { option: 'B', votes: 2 },
        { option: 'C', votes: 1 },
        { option: 'A', votes: 0 },
      ],
    });
  });

  test('is tied between equal tops', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('C') },
      { choice: single('A') },
    ]);

    const outcome = tally({ kind: 'plurality' }, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'no-decision',
      reason: 'tie',
      tied: ['A', 'C'],
      explanation: '"A", "C" are equal',
    });
  });

  test('counts options that only ballots name', () => {
    const { ballots } = electionOf([], [{ choice: single('new') }]);

    const outcome = tally({ kind: 'plurality' }, ballots, {
      options: ['A'],
      seats: [{ seat: 'seat-0', weight: 1 }],
    });

    expect(outcome).toMatchObject({ kind: 'decided', option: 'new' });
  });
});

describe('weights', () => {
  test('tie when they are equal as decimals', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), weight: 0.1 },
      { choice: single('A'), weight: 0.2 },
      { choice: single('B'), weight: 0.3 },
    ]);

    const outcome = tally({ kind: 'weighted' }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'tie', tied: ['A', 'B'] });
    expect(outcome.counts.map(({ votes }) => votes)).toEqual([0.3, 0.3, 0]);
  });

  test('let one great seat outvote many', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), heads: 3 },
      { choice: single('B'), weight: 3.5 },
    ]);

    const outcome = tally({ kind: 'weighted' }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'B' });
  });

  test('may be as far apart as numbers go', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), weight: Number.MAX_VALUE },
      { choice: single('B'), weight: Number.MIN_VALUE },
    ]);

    const outcome = tally({ kind: 'weighted' }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
  });
});

describe('approval', () => {
  test('gives each seat a vote for every option it approves', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: approve('A', 'B') },
      { choice: approve('B', 'C') },
    ]);

    const outcome = tally({ kind: 'approval' }, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'decided',
      option: 'B',
      explanation: '"B" has the most, 2 of 2',
    });
  });
});

describe('quorum', () => {
  test.each([
    [2, { kind: 'decided', option: 'A', explanation: '"A" has 3 votes of the 2 required' }],
    [4, { kind: 'no-decision', reason: 'no-quorum' }],
  ] as const)(
    'of %d takes the one of several with the most, if it has enough',
    (required, expected) => {
      const { ballots, electorate } = electionOf(options, [
        { choice: single('A'), heads: 3 },
        { choice: single('B'), heads: 2 },
      ]);

      const outcome = tally({ kind: 'quorum', required }, ballots, electorate);

      expect(outcome).toMatchObject(expected);
    },
  );

  test('is tied between equal options that have enough', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), heads: 2 },
      { choice: single('B'), heads: 2 },
    ]);

    const outcome = tally({ kind: 'quorum', required: 2 }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'tie', tied: ['A', 'B'] });
  });

  test('passes to the next option that has enough when a veto excludes the first', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), heads: 3 },
      { choice: single('B'), heads: 2 },
    ]);
    const withVeto = ballots.map((ballot) =>
      ballot.seat === 'seat-4' ? { ...ballot, vetoes: ['A'] } : ballot,
    );

    const outcome = tally({ kind: 'quorum', required: 2, veto: true }, withVeto, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'B' });
  });
});

describe('supermajority', () => {
  const votes = [
    { choice: single('A'), heads: 5 },
    { choice: single('B') },
    { choice: abstain, heads: 2 },
  ];

  test.each([
    [5 / 6, 'cast', { kind: 'decided', option: 'A' }],
    [0.84, 'cast', { kind: 'no-decision', reason: 'no-quorum' }],
    [0.625, 'seats', { kind: 'decided', option: 'A' }],
    [2 / 3, 'seats', { kind: 'no-decision', reason: 'no-quorum' }],
  ] as const)('of %d of %s', (share, of, expected) => {
    const { ballots, electorate } = electionOf(options, votes);

    const outcome = tally({ kind: 'supermajority', share, of }, ballots, electorate);

    expect(outcome).toMatchObject(expected);
  });

  test('says its share as a person reads it', () => {
    const { ballots, electorate } = electionOf(options, [{ choice: single('A'), heads: 3 }]);

    const outcome = tally({ kind: 'supermajority', share: 2 / 3 }, ballots, electorate);

    expect(outcome.explanation).toBe('"A" has 3, required 0.667 of 3');
  });

  test('of one half needs more than half', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: single('A'), heads: 2 },
      { choice: single('B'), heads: 2 },
    ]);

    const outcome = tally({ kind: 'supermajority', share: 0.5 }, ballots, electorate);

    expect(outcome).toMatchObject({
      kind: 'no-decision',
      reason: 'no-quorum',
      explanation: 'no option has the share required, more than 0.5 of 4',
    });
  });
});

describe('unanimity', () => {
  test.each([
    [{ choice: single('A') }, { kind: 'decided', option: 'A', explanation: '"A" has all 3 seats' }],
    [{ choice: single('B') }, { kind: 'no-decision', reason: 'no-quorum' }],
    [{ choice: abstain }, { kind: 'no-decision', reason: 'no-quorum' }],
  ] as const)('with %j as the third voice', (third, expected) => {
    const { ballots, electorate } = electionOf(options, [{ choice: single('A'), heads: 2 }, third]);

    const outcome = tally({ kind: 'unanimity' }, ballots, electorate);

    expect(outcome).toMatchObject(expected);
  });
});

describe('judge', () => {
  const blocs = [{ choice: single('A'), heads: 4 }, { choice: single('B') }];

  test('decides against all others, whose votes are counted', () => {
    const { ballots, electorate } = electionOf(options, blocs);

    const outcome = tally({ kind: 'judge' }, ballots, { ...electorate, judge: 'seat-4' });

    expect(outcome).toMatchObject({
      kind: 'decided',
      option: 'B',
      explanation: 'the judge chose "B"',
      counts: [
        { option: 'A', votes: 4 },
        { option: 'B', votes: 1 },
        { option: 'C', votes: 0 },
      ],
    });
  });

  test('is the seat of the electorate before the one of the protocol', () => {
    const { ballots, electorate } = electionOf(options, blocs);

    const outcome = tally({ kind: 'judge', judge: 'seat-0' }, ballots, {
      ...electorate,
      judge: 'seat-4',
    });

    expect(outcome).toMatchObject({ kind: 'decided', option: 'B' });
  });

  test('who is silent leaves no decision', () => {
    const { ballots, electorate } = electionOf(options, blocs);

    const outcome = tally({ kind: 'judge', judge: 'seat-4' }, ballots.slice(0, 4), electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });
});

describe('Schulze', () => {
  test('is tied in a perfect cycle', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: rank('A', 'B', 'C') },
      { choice: rank('B', 'C', 'A') },
      { choice: rank('C', 'A', 'B') },
    ]);

    const outcome = tally({ kind: 'ranked', method: 'schulze' }, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'tie', tied: ['A', 'B', 'C'] });
  });

  test('puts options that beat equally many side by side', () => {
    const { ballots, electorate } = electionOf(options, [{ choice: rank('B'), heads: 2 }]);

    const outcome = tally({ kind: 'ranked', method: 'schulze' }, ballots, electorate);

    expect(outcome.explanation).toBe('by strongest paths "B" > "A" = "C"');
  });
});

describe('instant run-off', () => {
  const runoff = { kind: 'ranked', method: 'instant-runoff' } as const;

  test('is tied when it depends on which of the last falls', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: rank('A', 'B'), heads: 4 },
      { choice: rank('B', 'C'), heads: 3 },
      { choice: rank('C', 'B'), heads: 3 },
    ]);

    const outcome = tally(runoff, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'tie', tied: ['B', 'C'] });
  });

  test('decides when it does not matter which of the last falls', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: rank('A'), heads: 4 },
      { choice: rank('B', 'A'), heads: 2 },
      { choice: rank('C', 'A'), heads: 2 },
    ]);

    const outcome = tally(runoff, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
  });

  test('drops an option that nobody puts first', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: rank('A', 'C'), heads: 2 },
      { choice: rank('B', 'C'), heads: 2 },
    ]);

    const outcome = tally(runoff, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'tie', tied: ['A', 'B'] });
  });

  test('goes on without ballots whose options have all fallen', () => {
    const { ballots, electorate } = electionOf(options, [
      { choice: rank('A'), heads: 4 },
      { choice: rank('B'), heads: 3 },
      { choice: rank('C'), heads: 2 },
    ]);

    const outcome = tally(runoff, ballots, electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
  });

  test('gives up on a great many equal options as a tie of all', () => {
    const many = Array.from({ length: 16 }, (_, index) => `option ${index}`);
    const votes = many.map((option) => ({ ranking: [option], units: 1n }));

    const winners = instantRunoffWinners(many, votes);

    expect(winners).toEqual(many);
  });
});
