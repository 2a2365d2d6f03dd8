import { certainOutcome } from '../protocols/certain-outcome.ts';
import type { Ballot, Choice, Electorate, Tally } from '../protocols/protocol.ts';
import { tally } from '../protocols/tally.ts';
import { optionsOf } from '../protocols/validity.ts';
import { hasAnswered } from './run-state.ts';
import type { RunState } from './run-state.ts';

/** Seat under which the chair decides when the protocol is `judge`; it casts no vote of its own. */
export const chairSeat = 'chair';

/**
 * Reads a choice through the groups of equal answers.
 *
 * @returns the choice in the keys that stand for their groups, each once
 */
export function mergedChoice(choice: Choice, merges: Readonly<Record<string, string>>): Choice {
  const stand = (key: string): string => merges[key] ?? key;
  switch (choice.kind) {
    case 'abstain':
      return choice;
    case 'single':
      return { kind: 'single', option: stand(choice.option) };
    case 'approve':
    case 'rank':
      return { kind: choice.kind, options: [...new Set(choice.options.map(stand))] };
  }
}

/** The key that a choice puts first; `null` for an abstention. */
export function leadingKey(choice: Choice): string | null {
  return optionsOf(choice)[0] ?? null;
}

/** The ballots as the seats stand now; a seat without a standpoint abstains. */
export function ballotsOf(state: RunState): readonly Ballot[] {
  const ballots = Object.entries(state.standpoints).map(([seat, standpoint]): Ballot => {
    const choice = mergedChoice(standpoint.choice, state.merges);
    const chosen = optionsOf(choice);
    const vetoes = standpoint.vetoes
      .map((key) => state.merges[key] ?? key)
      .filter((key) => !chosen.includes(key));
    return vetoes.length === 0 ? { seat, choice } : { seat, choice, vetoes: [...new Set(vetoes)] };
  });
  return state.judgement === null
    ? ballots
    : [...ballots, { seat: chairSeat, choice: mergedChoice(state.judgement, state.merges) }];
}

/** Who may vote in this run, and on what. */
export function electorateOf(state: RunState): Electorate {
  const seats = state.seats.map(({ seat, weight }) => ({ seat, weight }));
  const options = [...new Set(state.optionKeys.map((key) => state.merges[key] ?? key))];
  const closed = options.length > 0;
  return state.plan.protocol.kind === 'judge'
    ? { options, closed, seats: [...seats, { seat: chairSeat, weight: 1 }], judge: chairSeat }
    : { options, closed, seats };
}

/** What the votes come to as the seats stand now. */
export function tallyOf(state: RunState): Tally {
  return tally(state.plan.protocol, ballotsOf(state), electorateOf(state));
}

/**
 * Whether no outstanding vote of the open pass can change the outcome.
 * A seat that has not answered in this pass may still change the position it holds, so it counts as outstanding.
 */
export function isOutcomeCertain(state: RunState): boolean {
  const { pass } = state;
  if (pass === null) return false;
  const outstanding = new Set(pass.seats.filter((seat) => !hasAnswered(state, pass, seat)));
  const cast = ballotsOf(state).filter(({ seat }) => !outstanding.has(seat));
  // A seat that is out of this pass holds what it held: without a standpoint it has abstained.
  const silent = state.seats
    .filter(({ seat }) => !outstanding.has(seat) && !(seat in state.standpoints))
    .map(({ seat }): Ballot => ({ seat, choice: { kind: 'abstain', reason: 'silent' } }));
  return (
    certainOutcome(state.plan.protocol, [...cast, ...silent], electorateOf(state)) !== undefined
  );
}
