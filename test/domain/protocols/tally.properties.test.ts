import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Ballot, Choice, Protocol, Tally } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import { ballotOf, pollCase, protocolFor } from './poll-arbitrary.ts';
import type { PollCase } from './poll-arbitrary.ts';

function outcomeOf({ protocol, ballots, electorate }: PollCase): Tally {
  return tally(protocol, ballots, electorate);
}

describe('tally', () => {
  test('does not depend on the order of ballots, seats and options', () => {
    fc.assert(
      fc.property(
        pollCase().chain((poll) =>
          fc.record({
            poll: fc.constant(poll),
            ballots: shuffled(poll.ballots),
            seats: shuffled(poll.electorate.seats),
            options: shuffled(poll.electorate.options),
          }),
        ),
        ({ poll, ballots, seats, options }) => {
          const electorate = { ...poll.electorate, seats, options };

          expect(outcomeOf({ ...poll, ballots, electorate })).toEqual(outcomeOf(poll));
        },
      ),
    );
  });

  test('does not depend on who the voters are', () => {
    fc.assert(
      fc.property(pollCase(), (poll) => {
        const renamed = (seat: string): string => `${9 - Number(seat.slice(5))} of nine`;
        const protocol: Protocol =
          poll.protocol.kind === 'judge'
            ? { kind: 'judge', judge: renamed('seat-0') }
            : poll.protocol;
        const ballots = poll.ballots.map((ballot) => ({ ...ballot, seat: renamed(ballot.seat) }));
        const seats = poll.electorate.seats.map((seat) => ({ ...seat, seat: renamed(seat.seat) }));

        const outcome = tally(protocol, ballots, { ...poll.electorate, seats });

        expect(outcome).toEqual(outcomeOf(poll));
      }),
    );
  });

  test('is neutral: renamed options give the renamed outcome', () => {
    const newNames = new Map([
      ['A', 'z'],
      ['B', 'y'],
      ['C', 'A'],
      ['D', '\u{1F600}'],
    ]);
    const renamed = (option: string): string => newNames.get(option) ?? option;
    fc.assert(
      fc.property(pollCase(), (poll) => {
        const ballots = poll.ballots.map((ballot) => renameOptions(ballot, renamed));
        const options = poll.electorate.options.map(renamed);
        const before = outcomeOf(poll);

        const after = tally(poll.protocol, ballots, { ...poll.electorate, options });

        expect(comparable(after, (option) => option)).toEqual(comparable(before, renamed));
      }),
    );
  });

  test('decides for an option of the ballots, or says why not', () => {
    fc.assert(
      fc.property(pollCase(), (poll) => {
        const outcome = outcomeOf(poll);

        const named = poll.ballots.flatMap(({ choice }) => namedBy(choice));
        expect(outcome.kind === 'decided' ? named : ['']).toContain(
          outcome.kind === 'decided' ? outcome.option : '',
        );
        expect('tied' in outcome).toBe(outcome.kind === 'no-decision' && outcome.reason === 'tie');
        expect(outcome.explanation).not.toBe('');
      }),
    );
  });

  test('a tie names at least two options', () => {
    fc.assert(
      fc.property(pollCase(), (poll) => {
        const outcome = outcomeOf(poll);

        const tied = outcome.kind === 'no-decision' ? (outcome.tied ?? ['-', '-']) : ['-', '-'];
        expect(tied.length).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe('weights', () => {
  test('may all be multiplied without changing the outcome', () => {
    fc.assert(
      fc.property(pollCase(), fc.constantFrom(3, 0.1, 7, 1e9, 1e-9, 0.7), (poll, factor) => {
        const seats = poll.electorate.seats.map((seat) => ({
          ...seat,
          weight: seat.weight * factor,
        }));

        const outcome = tally(poll.protocol, poll.ballots, { ...poll.electorate, seats });

        expect(withoutAmounts(outcome)).toEqual(withoutAmounts(outcomeOf(poll)));
      }),
    );
  });

  test('count as many seats of weight 1 under the protocols that weigh', () => {
    const weighing = (): fc.Arbitrary<Protocol> =>
      protocolFor(1).filter(({ kind }) =>
        ['weighted', 'approval', 'ranked', 'supermajority'].includes(kind),
      );
    fc.assert(
      fc.property(
        pollCase({}, weighing),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 6 }),
        (poll, weights) => {
          const heavy = poll.electorate.seats.map((seat, index) => ({
            ...seat,
            weight: weights[index] ?? 1,
          }));
          const clones = heavy.flatMap(({ seat, weight }) =>
            Array.from({ length: weight }, (_, copy) => ({ seat, copy: `${seat}/${copy}` })),
          );
          const ballots = clones.flatMap(({ seat, copy }) =>
            poll.ballots
              .filter((ballot) => ballot.seat === seat)
              .map((ballot) => ({ ...ballot, seat: copy })),
          );
          const seats = clones.map(({ copy }) => ({ seat: copy, weight: 1 }));

          const outcome = tally(poll.protocol, ballots, { ...poll.electorate, seats });

          expect(outcome).toEqual(
            tally(poll.protocol, poll.ballots, { ...poll.electorate, seats: heavy }),
          );
        },
      ),
    );
  });

  test('do not count where heads do', () => {
    const heads = (seats: number): fc.Arbitrary<Protocol> =>
      protocolFor(seats).filter(({ kind }) =>
        ['plurality', 'quorum', 'unanimity', 'judge'].includes(kind),
      );
    fc.assert(
      fc.property(pollCase({}, heads), (poll) => {
        const seats = poll.electorate.seats.map(({ seat }) => ({ seat, weight: 1 }));

        const outcome = tally(poll.protocol, poll.ballots, { ...poll.electorate, seats });

        expect(outcome).toEqual(outcomeOf(poll));
      }),
    );
  });
});

describe('a winner stays the winner', () => {
  const monotone = (seats: number): fc.Arbitrary<Protocol> =>
    protocolFor(seats).filter(
      (protocol) => protocol.kind !== 'ranked' || protocol.method === 'schulze',
    );

  test('when a ballot is changed in its favour, but for instant run-off', () => {
    fc.assert(
      fc.property(pollCase({}, monotone), fc.nat(), (poll, which) => {
        const before = outcomeOf(poll);
        fc.pre(before.kind === 'decided' && poll.ballots.length > 0);
        const winner = before.option;
        const ballots = poll.ballots.map((ballot, index) =>
          index === which % poll.ballots.length ? favouring(poll.protocol, ballot, winner) : ballot,
        );

        const after = tally(poll.protocol, ballots, poll.electorate);

        expect(after).toMatchObject({ kind: 'decided', option: winner });
      }),
      { numRuns: 300 },
    );
  });

  test('when a seat joins that votes for it alone, but for instant run-off', () => {
    fc.assert(
      fc.property(pollCase({}, monotone), fc.constantFrom(1, 0.3, 4), (poll, weight) => {
        const before = outcomeOf(poll);
        fc.pre(before.kind === 'decided');
        const winner = before.option;
        const ballots = [...poll.ballots, ballotOf(poll.protocol, 'newcomer', [winner], [])];
        const seats = [...poll.electorate.seats, { seat: 'newcomer', weight }];

        const after = tally(poll.protocol, ballots, { ...poll.electorate, seats });

        expect(after).toMatchObject({ kind: 'decided', option: winner });
      }),
      { numRuns: 300 },
    );
  });
});

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

function namedBy(choice: Choice): readonly string[] {
  if (choice.kind === 'abstain') return [];
  return choice.kind === 'single' ? [choice.option] : choice.options;
}

function renameOptions(ballot: Ballot, renamed: (option: string) => string): Ballot {
  const { choice, vetoes } = ballot;
  const named = namedBy(choice).map(renamed);
  const renamedChoice: Choice =
    choice.kind === 'single'
      ? { kind: 'single', option: String(named[0]) }
      : choice.kind === 'abstain'
        ? choice
        : { kind: choice.kind, options: named };
  const changed = { ...ballot, choice: renamedChoice };
  return vetoes === undefined ? changed : { ...changed, vetoes: vetoes.map(renamed) };
}

function comparable(outcome: Tally, renamed: (option: string) => string): unknown {
  return {
    kind: outcome.kind,
    option: outcome.kind === 'decided' ? renamed(outcome.option) : undefined,
    reason: outcome.kind === 'decided' ? undefined : outcome.reason,
    tied: new Set(outcome.kind === 'decided' ? [] : outcome.tied?.map(renamed)),
    counts: new Map(outcome.counts.map(({ option, votes }) => [renamed(option), votes])),
  };
}

function withoutAmounts(outcome: Tally): unknown {
  const order = outcome.counts.map(({ option }) => option);
  return { ...outcome, counts: order, explanation: '' };
}

/** Moves the winner to the top of a ballot and takes back a veto on it. */
function favouring(protocol: Protocol, ballot: Ballot, winner: string): Ballot {
  const others = namedBy(ballot.choice).filter((option) => option !== winner);
  const vetoes = (ballot.vetoes ?? []).filter((option) => option !== winner);
  return ballotOf(protocol, ballot.seat, [winner, ...others], vetoes);
}
