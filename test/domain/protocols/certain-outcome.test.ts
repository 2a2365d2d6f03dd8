import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { certainOutcome, isSameOutcome } from '../../../domain/protocols/certain-outcome.ts';
import type { Ballot, Protocol } from '../../../domain/protocols/protocol.ts';
import { tally } from '../../../domain/protocols/tally.ts';
import { choiceKindOf } from '../../../domain/protocols/validity.ts';
import { approve, electionOf, rank, single } from './election.ts';
import { ballotOf, pollCase, protocolFor } from './poll-arbitrary.ts';
import type { PollCase } from './poll-arbitrary.ts';

/** Every way in which the outstanding seats may vote, with one option that nobody named before. */
function* completionsOf(poll: PollCase): Generator<readonly Ballot[]> {
  const waiting = poll.electorate.seats.find(
    ({ seat }) => !poll.ballots.some((ballot) => ballot.seat === seat),
  );
  if (waiting === undefined) {
    yield poll.ballots;
    return;
  }
  const newcomers = poll.electorate.closed === true ? [] : ['new'];
  for (const ballot of ballotsFor(poll.protocol, waiting.seat, [
    ...poll.electorate.options,
    ...newcomers,
  ]))
    yield* completionsOf({ ...poll, ballots: [...poll.ballots, ballot] });
}

function ballotsFor(protocol: Protocol, seat: string, options: readonly string[]): Ballot[] {
  const kind = choiceKindOf(protocol);
  const orders = kind === 'rank' ? orderings(options) : kind === 'approve' ? subsets(options) : [];
  const singles = options.map((option) => [option]);
  const choices = kind === 'single' ? [[], ...singles] : orders;
  if (protocol.kind !== 'quorum' || protocol.veto !== true)
    return choices.map((order) => ballotOf(protocol, seat, order, []));
  return choices.flatMap((order) =>
    subsets(options).map((vetoes) => ballotOf(protocol, seat, order, vetoes)),
  );
}

function subsets(options: readonly string[]): string[][] {
  return options.reduce<string[][]>(
    (sets, option) => [...sets, ...sets.map((set) => [...set, option])],
    [[]],
  );
}

function orderings(options: readonly string[]): string[][] {
  const longer = options.flatMap((option) =>
    orderings(options.filter((other) => other !== option)).map((rest) => [option, ...rest]),
  );
  return [[], ...longer];
}

function canChange(poll: PollCase): boolean {
  const { protocol, ballots, electorate } = poll;
  const now = tally(protocol, ballots, electorate);
  for (const completion of completionsOf(poll))
    if (!isSameOutcome(tally(protocol, completion, electorate), now)) return true;
  return false;
}

const unranked = (seats: number): fc.Arbitrary<Protocol> =>
  protocolFor(seats).filter(({ kind }) => kind !== 'ranked');
const ranked = (): fc.Arbitrary<Protocol> => protocolFor(1).filter(({ kind }) => kind === 'ranked');

describe('certainOutcome', () => {
  test('is told exactly when no outstanding vote can change it, but for rankings', () => {
    fc.assert(
      fc.property(pollCase({ options: 2, seats: 5, outstanding: 3 }, unranked), (poll) => {
        const outcome = certainOutcome(poll.protocol, poll.ballots, poll.electorate);

        expect(outcome === undefined).toBe(canChange(poll));
      }),
      { numRuns: 400 },
    );
  });

  test('is told exactly with more options and fewer outstanding votes', () => {
    fc.assert(
      fc.property(pollCase({ options: 4, seats: 6, outstanding: 1 }, unranked), (poll) => {
        const outcome = certainOutcome(poll.protocol, poll.ballots, poll.electorate);

        expect(outcome === undefined).toBe(canChange(poll));
      }),
      { numRuns: 400 },
    );
  });

  test('of rankings is told exactly for a closed question with few completions', () => {
    fc.assert(
      fc.property(pollCase({ options: 3, seats: 5, outstanding: 2 }, ranked), (poll) => {
        const closed = { ...poll, electorate: { ...poll.electorate, closed: true } };

        const outcome = certainOutcome(closed.protocol, closed.ballots, closed.electorate);

        expect(outcome === undefined).toBe(canChange(closed));
      }),
    );
  });

  test('of rankings is never told wrongly', () => {
    fc.assert(
      fc.property(pollCase({ options: 3, seats: 7, outstanding: 2 }, ranked), (poll) => {
        const outcome = certainOutcome(poll.protocol, poll.ballots, poll.electorate);

        expect(outcome !== undefined && canChange(poll)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  test('is the tally itself, with counts so far', () => {
    fc.assert(
      fc.property(pollCase(), ({ protocol, ballots, electorate }) => {
        const outcome = certainOutcome(protocol, ballots, electorate);

        expect([undefined, tally(protocol, ballots, electorate)]).toContainEqual(outcome);
      }),
    );
  });

  test('does not go back once it is told', () => {
    fc.assert(
      fc.property(pollCase({ outstanding: 0 }), fc.nat(), (poll, cut) => {
        const early = poll.ballots.slice(0, cut % (poll.ballots.length + 1));

        const outcome = certainOutcome(poll.protocol, early, poll.electorate);

        const final = tally(poll.protocol, poll.ballots, poll.electorate);
        expect(outcome === undefined || isSameOutcome(outcome, final)).toBe(true);
      }),
    );
  });
});

describe('a ranked round of six options', () => {
  const options = ['A', 'B', 'C', 'D', 'E', 'F'];

  const { ballots: sevenForA, electorate: seven } = electionOf(options, [
    { choice: rank('A', 'B'), heads: 7 },
  ]);

  test.each(['schulze', 'instant-runoff'] as const)(
    'by %s is decided by five of seven',
    (method) => {
      const outcome = certainOutcome({ kind: 'ranked', method }, sevenForA.slice(0, 5), seven);

      expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
    },
  );

  test.each(['schulze', 'instant-runoff'] as const)(
    'by %s is open with three of seven',
    (method) => {
      const outcome = certainOutcome({ kind: 'ranked', method }, sevenForA.slice(0, 3), seven);

      expect(outcome).toBeUndefined();
    },
  );

  test('is open while nobody has voted', () => {
    const { electorate } = electionOf(options, [{ choice: rank('A'), heads: 3 }]);

    const outcome = certainOutcome({ kind: 'ranked', method: 'schulze' }, [], electorate);

    expect(outcome).toBeUndefined();
  });

  test('of an open question asks how far new options can come', () => {
    const { ballots, electorate } = electionOf(['A'], [{ choice: rank('A'), heads: 5 }]);
    const open = { ...electorate, closed: false };

    const afterTwo = certainOutcome(
      { kind: 'ranked', method: 'schulze' },
      ballots.slice(0, 2),
      open,
    );
    const afterThree = certainOutcome(
      { kind: 'ranked', method: 'schulze' },
      ballots.slice(0, 3),
      open,
    );

    expect([afterTwo, afterThree?.kind]).toEqual([undefined, 'decided']);
  });
});

describe('a round ends early', () => {
  test('with three of five for one option by plurality', () => {
    const { ballots, electorate } = electionOf(['A', 'B'], [{ choice: single('A'), heads: 5 }]);

    const outcomes = [2, 3].map((votes) =>
      certainOutcome({ kind: 'plurality' }, ballots.slice(0, votes), electorate),
    );

    expect(outcomes.map((outcome) => outcome?.kind)).toEqual([undefined, 'decided']);
  });

  test('when approval has a lead greater than what is outstanding', () => {
    const { ballots, electorate } = electionOf(['A', 'B'], [{ choice: approve('A'), heads: 3 }]);

    const outcome = certainOutcome({ kind: 'approval' }, ballots.slice(0, 2), electorate);

    expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
  });

  test('as soon as unanimity is broken', () => {
    const { ballots, electorate } = electionOf(
      ['A', 'B'],
      [{ choice: single('A') }, { choice: single('B') }, { choice: single('A'), heads: 3 }],
    );

    const outcome = certainOutcome({ kind: 'unanimity' }, ballots.slice(0, 2), electorate);

    expect(outcome).toMatchObject({ kind: 'no-decision', reason: 'no-quorum' });
  });

  test('when the judge has spoken, whatever the advice still to come', () => {
    const { ballots, electorate } = electionOf(['A', 'B'], [{ choice: single('A'), heads: 4 }]);

    const outcome = certainOutcome({ kind: 'judge' }, ballots.slice(2, 3), {
      ...electorate,
      judge: 'seat-2',
    });

    expect(outcome).toMatchObject({ kind: 'decided', option: 'A' });
  });
});

describe('of every kind of outcome it knows the last vote that matters', () => {
  const three = ['A', 'B', 'C'];

  /** A letter votes for its option, a dash or x abstains, a question mark is still to come. */
  function kindAfter(
    protocol: Protocol,
    votes: string,
    closedTo: readonly string[] = three,
  ): string {
    const letters = Array.from(votes);
    const seats = letters.map((_, index) => ({ seat: `seat-${index}`, weight: 1 }));
    const ballots = letters.flatMap((letter, index): Ballot[] => {
      if (letter === '?') return [];
      return [
        ballotOf(
          protocol,
          `seat-${index}`,
          '-x'.includes(letter) ? [] : [letter.toUpperCase()],
          vetoesOf(letter),
        ),
      ];
    });
    const outcome = certainOutcome(protocol, ballots, { options: closedTo, seats, closed: true });
    if (outcome === undefined) return 'open';
    return outcome.kind === 'decided' ? outcome.option : outcome.reason;
  }

  /** A small letter, x too, vetoes the option A. */
  function vetoesOf(letter: string): string[] {
    return letter === letter.toLowerCase() && letter !== '-' ? ['A'] : [];
  }

  const plurality = { kind: 'plurality' } as const;
  const twoOf = { kind: 'quorum', required: 2 } as const;
  const twoOrVeto = { ...twoOf, veto: true } as const;
  const twoThirds = { kind: 'supermajority', share: 2 / 3 } as const;
  const ofSeats = { ...twoThirds, of: 'seats' } as const;
  const unanimity = { kind: 'unanimity' } as const;

  test.each<[Protocol, string, string]>([
    [plurality, 'AA?', 'A'],
    [plurality, 'AAB?', 'open'],
    [plurality, 'AB?', 'open'],
    [plurality, '--?', 'open'],
    [plurality, 'AB-', 'tie'],
    [twoOf, 'AA?', 'A'],
    [twoOf, 'AABB?', 'open'],
    [twoOf, 'AAB??', 'open'],
    [twoOf, '-A?', 'open'],
    [twoOf, '--?', 'no-quorum'],
    [twoOrVeto, 'AA?', 'open'],
    [twoOrVeto, 'AAA', 'A'],
    [twoOrVeto, 'AAb?', 'open'],
    [twoOrVeto, 'AAbc-?', 'open'],
    [twoOrVeto, 'AAb-', 'veto'],
    [{ ...twoOrVeto, required: 3 }, 'AAAb?', 'veto'],
    [{ ...twoOrVeto, required: 3 }, 'AAb?', 'open'],
    [{ ...twoOrVeto, required: 3 }, 'Ab-?', 'no-quorum'],
    [twoThirds, 'AA?', 'A'],
    [twoThirds, 'AA??', 'open'],
    [twoThirds, 'ABC?', 'no-quorum'],
    [twoThirds, 'AB?', 'open'],
    [twoThirds, '--?', 'open'],
    [ofSeats, 'AA?', 'A'],
    [ofSeats, 'A-?', 'open'],
    [ofSeats, '--?', 'no-quorum'],
    [unanimity, 'AA?', 'open'],
    [unanimity, 'A-?', 'no-quorum'],
    [unanimity, 'AB?', 'no-quorum'],
    [{ kind: 'judge', judge: 'seat-0' }, '?BB', 'open'],
    [{ kind: 'judge', judge: 'seat-0' }, 'A??', 'A'],
    [{ kind: 'judge', judge: 'seat-0' }, '-??', 'no-quorum'],
    [{ kind: 'ranked', method: 'schulze' }, 'AA?', 'A'],
    [{ kind: 'ranked', method: 'instant-runoff' }, 'A??', 'open'],
    [{ kind: 'ranked', method: 'instant-runoff' }, 'AB?', 'open'],
  ])('%j after %s is %s', (protocol, votes, expected) => {
    expect(kindAfter(protocol, votes)).toBe(expected);
  });

  test.each<[Protocol, string, string]>([
    [plurality, 'A??', 'A'],
    [plurality, '-??', 'open'],
    [twoThirds, 'A??', 'A'],
    [twoOf, 'A??', 'open'],
    [twoOrVeto, 'AAx??', 'veto'],
    [twoOrVeto, 'Ax??', 'open'],
    [{ kind: 'ranked', method: 'schulze' }, 'A??', 'A'],
    [{ kind: 'ranked', method: 'schulze' }, '-?', 'open'],
  ])('%j on a single option after %s is %s', (protocol, votes, expected) => {
    expect(kindAfter(protocol, votes, ['A'])).toBe(expected);
  });
});

describe('isSameOutcome', () => {
  test('compares the option or the reason, not the counts', () => {
    const { ballots, electorate } = electionOf(
      ['A', 'B'],
      [{ choice: single('A'), heads: 2 }, { choice: single('B') }],
    );
    const tallies = [0, 1, 2, 3].map((votes) =>
      tally({ kind: 'plurality' }, ballots.slice(0, votes), electorate),
    );
    const tie = tally({ kind: 'plurality' }, ballots.slice(1), electorate);
    const other = tally({ kind: 'plurality' }, ballots.slice(2), electorate);

    const same = [...tallies, tie, other].map((one) =>
      [...tallies, tie, other].map((two) => (isSameOutcome(one, two) ? 'same' : '')),
    );

    expect(same).toEqual([
      ['same', '', '', '', '', ''],
      ['', 'same', 'same', 'same', '', ''],
      ['', 'same', 'same', 'same', '', ''],
      ['', 'same', 'same', 'same', '', ''],
      ['', '', '', '', 'same', ''],
      ['', '', '', '', '', 'same'],
    ]);
  });
});
