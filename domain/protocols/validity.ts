import type { Ballot, Choice, Electorate, Protocol, ProtocolKind } from './protocol.ts';
import { weightFault } from './weight.ts';

/** The ballot that a protocol counts, so that prompts and schemas can ask for it. */
export function choiceKindOf(protocol: Protocol): Exclude<Choice['kind'], 'abstain'> {
  if (protocol.kind === 'approval') return 'approve';
  return protocol.kind === 'ranked' ? 'rank' : 'single';
}

const weightedKinds: readonly ProtocolKind[] = ['weighted', 'approval', 'ranked', 'supermajority'];

/** Whether the weights of seats count under a protocol; elsewhere each seat is one. */
export function countsWeights(protocol: Protocol): boolean {
  return weightedKinds.includes(protocol.kind);
}

/** Whether the weights of seats come from the records of their models. */
export function isByRecord(protocol: Protocol | undefined): boolean {
  const mayBe = protocol?.kind === 'weighted' || protocol?.kind === 'ranked';
  return mayBe && protocol.by === 'record';
}

/** Options that a choice names, best first. */
export function optionsOf(choice: Choice): readonly string[] {
  if (choice.kind === 'abstain') return [];
  return choice.kind === 'single' ? [choice.option] : choice.options;
}

/** Seat that decides under the judge protocol, if it was named. */
export function judgeOf(protocol: Protocol, electorate: Electorate): string | undefined {
  return electorate.judge ?? (protocol.kind === 'judge' ? protocol.judge : undefined);
}

/**
 * Says what makes a protocol unusable with an electorate, if anything.
 *
 * The message names the field, what came and what was expected.
 */
export function protocolFault(protocol: Protocol, electorate: Electorate): string | undefined {
  return electorateFault(electorate) ?? ruleFault(protocol, electorate);
}

function electorateFault({ options, seats, closed }: Electorate): string | undefined {
  if (seats.length === 0) return 'seats: got none, expected at least one';
  const twiceSeat = firstTwice(seats.map((seat) => seat.seat));
  if (twiceSeat !== undefined) return `seats: got "${twiceSeat}" twice, expected each once`;
  const twiceOption = firstTwice(options);
  if (twiceOption !== undefined) return `options: got "${twiceOption}" twice, expected each once`;
  if (options.includes('')) return 'options: got an empty text, expected at least one character';
  if (closed === true && options.length === 0)
    return 'options: got none for a closed question, expected at least one';
  return seats
    .map((seat) => weightFault(seat.weight, `weight of seat "${seat.seat}"`))
    .find((fault) => fault !== undefined);
}

function ruleFault(protocol: Protocol, electorate: Electorate): string | undefined {
  switch (protocol.kind) {
    case 'quorum':
      return quorumFault(protocol.required, electorate.seats.length);
    case 'supermajority':
      return protocol.share >= 0.5 && protocol.share <= 1
        ? undefined
        : `protocol.share: got ${protocol.share}, expected 0.5 to 1`;
    case 'judge':
      return judgeFault(judgeOf(protocol, electorate), electorate);
    case 'plurality':
    case 'weighted':
    case 'approval':
    case 'ranked':
    case 'unanimity':
      return undefined;
  }
}

function quorumFault(required: number, seats: number): string | undefined {
  if (Number.isInteger(required) && required >= 1 && required <= seats) return undefined;
  return `protocol.required: got ${required}, expected a whole number from 1 to ${seats}, the number of seats`;
}

function judgeFault(judge: string | undefined, { seats }: Electorate): string | undefined {
  if (judge === undefined) return 'judge: got none, expected the seat that decides';
  if (seats.some((seat) => seat.seat === judge)) return undefined;
  return `judge: got "${judge}", expected one of the seats`;
}

/**
 * Says what makes a ballot invalid, if anything; a caller counts such a vote as an abstention.
 *
 * The message names the field, what came and what was expected.
 */
export function ballotFault(
  protocol: Protocol,
  ballot: Ballot,
  electorate: Electorate,
): string | undefined {
  const where = `ballot of seat "${ballot.seat}"`;
  if (!electorate.seats.some((seat) => seat.seat === ballot.seat))
    return `${where}: got a seat that is not there, expected one of the electorate`;
  const fault =
    choiceFault(protocol, ballot.choice) ??
    vetoFault(protocol, ballot) ??
    unknownOptionFault(ballot, electorate);
  return fault === undefined ? undefined : `${where}, ${fault}`;
}

function choiceFault(protocol: Protocol, choice: Choice): string | undefined {
  const expected = choiceKindOf(protocol);
  if (choice.kind === 'abstain') return undefined;
  if (choice.kind !== expected)
    return `choice.kind: got ${choice.kind}, expected ${expected} or abstain`;
  const named = optionsOf(choice);
  if (named.length === 0) return 'choice.options: got none, expected at least one';
  if (named.includes('')) return 'choice: got an empty option, expected at least one character';
  const twice = firstTwice(named);
  if (twice !== undefined) return `choice.options: got "${twice}" twice, expected each once`;
  return undefined;
}

function vetoFault(protocol: Protocol, { vetoes = [], choice }: Ballot): string | undefined {
  if (vetoes.length === 0) return undefined;
  if (protocol.kind !== 'quorum' || protocol.veto !== true)
    return 'vetoes: got some, expected none without a quorum that allows them';
  if (vetoes.includes('')) return 'vetoes: got an empty option, expected at least one character';
  const chosen = optionsOf(choice).find((option) => vetoes.includes(option));
  if (chosen !== undefined) return `vetoes: got "${chosen}", expected none that the ballot chooses`;
  return undefined;
}

function unknownOptionFault(ballot: Ballot, electorate: Electorate): string | undefined {
  if (electorate.closed !== true) return undefined;
  const unknown = [...optionsOf(ballot.choice), ...(ballot.vetoes ?? [])].find(
    (option) => !electorate.options.includes(option),
  );
  if (unknown === undefined) return undefined;
  return `option: got "${unknown}", expected one of the ${electorate.options.length} of the closed question`;
}

function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return texts.find((text) => seen.has(text) || !seen.add(text));
}
