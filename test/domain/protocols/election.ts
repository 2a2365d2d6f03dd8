import type { Ballot, Choice, Electorate, Seat } from '../../../domain/protocols/protocol.ts';

/** Ballots with the electorate that cast them. */
export interface Election {
  readonly ballots: readonly Ballot[];
  readonly electorate: Electorate;
}

/** Says the same for a number of seats of weight 1, or for one seat of the given weight. */
export interface Bloc {
  readonly choice: Choice;
  readonly heads?: number;
  readonly weight?: number;
}

/** Builds an election on a closed question from blocs of equal ballots. */
export function electionOf(options: readonly string[], blocs: readonly Bloc[]): Election {
  const voters = blocs.flatMap(({ choice, heads = 1, weight = 1 }) =>
    Array.from({ length: heads }, () => ({ choice, weight })),
  );
  const seats: Seat[] = voters.map(({ weight }, index) => ({ seat: `seat-${index}`, weight }));
  return {
    ballots: voters.map(({ choice }, index) => ({ seat: `seat-${index}`, choice })),
    electorate: { options, seats, closed: true },
  };
}

export function single(option: string): Choice {
  return { kind: 'single', option };
}

export function approve(...options: string[]): Choice {
  return { kind: 'approve', options };
}

export function rank(...options: string[]): Choice {
  return { kind: 'rank', options };
}

export const abstain: Choice = { kind: 'abstain', reason: 'no reply' };
