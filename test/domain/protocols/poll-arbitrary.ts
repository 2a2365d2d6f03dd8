import fc from 'fast-check';

import type { Ballot, Choice, Electorate, Protocol } from '../../../domain/protocols/protocol.ts';
import { choiceKindOf } from '../../../domain/protocols/validity.ts';
import { approve, rank, single } from './election.ts';

/** A protocol with an electorate and ballots that are valid together; some seats have not voted. */
export interface PollCase {
  readonly protocol: Protocol;
  readonly ballots: readonly Ballot[];
  readonly electorate: Electorate;
}

export interface PollBounds {
  readonly options?: number;
  readonly seats?: number;
  readonly outstanding?: number;
}

const names = ['A', 'B', 'C', 'D', 'é', '\u{1F600}'];

/** Every protocol; `required` of a quorum is at most `seats`. */
export function protocolFor(seats: number): fc.Arbitrary<Protocol> {
  return fc.oneof(
    fc.constant<Protocol>({ kind: 'plurality' }),
    fc.constant<Protocol>({ kind: 'weighted' }),
    fc.constant<Protocol>({ kind: 'approval' }),
    fc.constant<Protocol>({ kind: 'ranked', method: 'schulze' }),
    fc.constant<Protocol>({ kind: 'ranked', method: 'instant-runoff' }),
    fc.record<Protocol & { kind: 'quorum' }>({
      kind: fc.constant('quorum'),
      required: fc.integer({ min: 1, max: seats }),
      veto: fc.boolean(),
    }),
    fc.record<Protocol & { kind: 'supermajority' }>({
      kind: fc.constant('supermajority'),
      share: fc.constantFrom(0.5, 0.6, 2 / 3, 0.75, 5 / 6, 1),
      of: fc.constantFrom('cast', 'seats'),
    }),
    fc.constant<Protocol>({ kind: 'unanimity' }),
    fc.constant<Protocol>({ kind: 'judge', judge: 'seat-0' }),
  );
}

const weight = fc.constantFrom(1, 1, 1, 2, 3, 0.1, 0.2, 0.3, 1.5);

/** Ballots are drawn from few options, so that ties and close calls are common. */
export function pollCase(
  bounds: PollBounds = {},
  protocols: (seats: number) => fc.Arbitrary<Protocol> = protocolFor,
): fc.Arbitrary<PollCase> {
  const { options = 4, seats = 6, outstanding = seats } = bounds;
  return fc
    .record({
      options: fc.integer({ min: 1, max: options }),
      seats: fc.integer({ min: 1, max: seats }),
    })
    .chain((size) =>
      fc.record({
        protocol: protocols(size.seats),
        weights: fc.array(weight, { minLength: size.seats, maxLength: size.seats }),
        missing: fc.integer({ min: 0, max: Math.min(outstanding, size.seats) }),
        closed: fc.boolean(),
        draws: fc.array(
          fc.record({
            order: fc.shuffledSubarray(names.slice(0, size.options), { minLength: 0 }),
            vetoes: fc.subarray(names.slice(0, size.options)),
          }),
          { minLength: size.seats, maxLength: size.seats },
        ),
        first: fc.nat({ max: size.seats - 1 }),
        options: fc.constant(names.slice(0, size.options)),
      }),
    )
    .map(({ protocol, weights, missing, closed, draws, first, options: known }) => ({
      protocol,
      electorate: {
        options: known,
        closed,
        seats: weights.map((value, index) => ({ seat: `seat-${index}`, weight: value })),
      },
      ballots: draws
        .map((draw, index) => ballotOf(protocol, `seat-${index}`, draw.order, draw.vetoes))
        .filter((_, index) => (index + draws.length - first) % draws.length >= missing),
    }));
}

/** Makes the ballot that a protocol counts of a list of options; an empty list abstains. */
export function ballotOf(
  protocol: Protocol,
  seat: string,
  order: readonly string[],
  vetoes: readonly string[],
): Ballot {
  const choice = choiceOf(protocol, order);
  if (protocol.kind !== 'quorum' || protocol.veto !== true) return { seat, choice };
  return { seat, choice, vetoes: vetoes.filter((option) => option !== order[0]) };
}

function choiceOf(protocol: Protocol, order: readonly string[]): Choice {
  const [first] = order;
  if (first === undefined) return { kind: 'abstain', reason: 'no reply' };
  if (choiceKindOf(protocol) === 'single') return single(first);
  return choiceKindOf(protocol) === 'rank' ? rank(...order) : approve(...order);
}
