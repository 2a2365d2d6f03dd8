import { wordedParts, type WordedPart } from '../analysis/part-words.ts';
import { listOfAnswers } from '../analysis/verdict-of-parts.ts';
import type { FactOf, TurnCost, TurnFact } from '../collaboration/fact.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { foldRun } from '../machines.ts';
import type { Choice } from '../protocols/protocol.ts';
import { groupAnswers } from '../protocols/grouping.ts';
import { unknownUsage } from '../providers/usage.ts';
import type { AnsweredContent } from './approval-words.ts';
import { factOf } from './event.ts';
import type { LedgerEvent, NewEvent, OpenedContent, Text, TurnContent } from './event.ts';

/** Type of the event that closes a stream; what comes after it belongs to no record. */
const sealType = 'conclave.decision.sealed.v1';

/** Gives the words of a text that the ledger only names; throws where they cannot be had. */
export type ResolveText = (text: Exclude<Text, string>) => string;

/** One finished model call as the ledger tells it. */
export interface TurnReading {
  readonly event: LedgerEvent;
  readonly fact: TurnFact;
  /** `null` where the call gave none: it was cancelled or refused. */
  readonly content: TurnContent | null;
}

/** A run as it stands in the ledger, in words. Everything that is shown or sealed is made from this. */
export interface RunReading {
  readonly stream: string;
  /** The events before the seal. */
  readonly events: readonly LedgerEvent[];
  readonly opened: OpenedContent;
  readonly state: RunState;
  /** Every turn once, in the ledger's order. */
  readonly turns: readonly TurnReading[];
  /** Of an analysis, in the order in which they were proposed; else none. */
  readonly parts: readonly WordedPart[];
  /** Whether any seat or reply was simulated. */
  readonly isSimulated: boolean;
  textOf(text: Text): string;
  /** The words of a key: an option's text, or the most frequent wording of an open answer. */
  wordsOf(key: string): string;
}

/**
 * Reads a run out of its events.
 *
 * @param events - a stream from its first event on; what stands after the seal is left out
 * @param resolve - gives texts that are too long for the ledger
 * @throws Error when the stream does not begin with `collaboration.opened`
 */
export function readRun(events: readonly LedgerEvent[], resolve: ResolveText): RunReading {
  const sealAt = events.findIndex((event) => event.type === sealType);
  const unsealed = sealAt === -1 ? events : events.slice(0, sealAt);
  const textOf = (text: Text): string => (typeof text === 'string' ? text : resolve(text));
  const { stream, opened } = openingOf(unsealed[0]);
  const state = stateOf(unsealed);
  const turns = turnsOf(unsealed);
  const parts = wordedParts({
    said: saidIn(unsealed),
    parts: state.parts,
    question: textOf(opened.question),
    textOf,
  });
  return {
    stream,
    events: unsealed,
    opened,
    state,
    turns,
    parts,
    isSimulated:
      state.seats.some((seat) => seat.simulated) ||
      turns.some((turn) => turn.content?.simulated === true),
    textOf,
    wordsOf: dictionary({
      state,
      opened,
      turns,
      parts,
      textOf,
      answered: answersOfPeople(unsealed),
    }),
  };
}

/**
 * Folds the facts of events into the state that their run had.
 *
 * @throws Error when the first fact opens nothing
 */
export function stateOf(events: readonly Pick<NewEvent, 'type' | 'data'>[]): RunState {
  return foldRun(events.flatMap((event) => factOf(event) ?? []));
}

/** Whether a turn ended in a call, whose cost its fact tells: all did but those that were refused. */
export function isPaid(fact: TurnFact): fact is Exclude<TurnFact, FactOf<'turn.refused'>> {
  return fact.type !== 'turn.refused';
}

/**
 * Says a choice in words.
 *
 * @param choice - what a seat chose
 * @param wordsOf - gives the words of a key
 * @returns one text, a list for approval and ranked ballots, `null` for an abstention
 */
export function choiceInWords(
  choice: Choice,
  wordsOf: (key: string) => string,
): string | readonly string[] | null {
  switch (choice.kind) {
    case 'abstain':
      return null;
    case 'single':
      return wordsOf(choice.option);
    case 'approve':
    case 'rank':
      return choice.options.map(wordsOf);
  }
}

/**
 * Finds a turn's position in its own words, where it has any.
 *
 * An option is always told by the text that the request gave it; an open answer by the seat's own wording.
 */
export function positionInWords(
  run: RunReading,
  turn: TurnReading & { readonly fact: FactOf<'position.submitted'> },
): string | readonly string[] | null {
  const isOption = (key: string): boolean => run.state.plan.optionKeys.includes(key);
  return choiceInWords(turn.fact.choice, (key) => {
    const own = turn.fact.choice.kind === 'single' && !isOption(key) ? turn.content?.answer : '';
    return own === undefined || own === '' ? run.wordsOf(key) : run.textOf(own);
  });
}

/** Whether a turn is a position. */
export function isPosition(
  turn: TurnReading,
): turn is TurnReading & { readonly fact: FactOf<'position.submitted'> } {
  return turn.fact.type === 'position.submitted';
}

/** The costs of a run's calls, one entry each. */
export function costsOf(run: RunReading): readonly TurnCost[] {
  return run.turns.flatMap(({ fact }) => costsOfTurn(fact));
}

/** The costs of a turn's calls, one entry each; nothing is known of a lost one. */
export function costsOfTurn(fact: TurnFact): readonly TurnCost[] {
  const lost = Array.from({ length: fact.lost?.calls ?? 0 }, () => unknownCost);
  return isPaid(fact) ? [fact, ...lost] : lost;
}

const unknownCost: TurnCost = { usage: unknownUsage, microsUsd: null };

function openingOf(event: LedgerEvent | undefined): { stream: string; opened: OpenedContent } {
  const opened = event?.data['content'] as OpenedContent | undefined;
  if (event === undefined || opened === undefined) {
    throw new Error('first event of a stream: got no content');
  }
  return { stream: event.stream, opened };
}

function saidIn(events: readonly LedgerEvent[]) {
  return events.flatMap((event) => {
    const fact = factOf(event);
    const isOfParts =
      fact !== undefined && (fact.type === 'question.decomposed' || fact.type === 'part.ended');
    return isOfParts ? [{ fact, content: event.data['content'] }] : [];
  });
}

function turnsOf(events: readonly LedgerEvent[]): readonly TurnReading[] {
  const turns = new Map<string, TurnReading>();
  for (const event of events) {
    const fact = factOf(event);
    if (fact === undefined || !('turn' in fact) || turns.has(fact.turn)) continue;
    const content = (event.data['content'] ?? null) as TurnContent | null;
    turns.set(fact.turn, { event, fact, content });
  }
  return [...turns.values()];
}

function dictionary(run: {
  state: RunState;
  opened: OpenedContent;
  turns: readonly TurnReading[];
  parts: readonly WordedPart[];
  textOf: (text: Text) => string;
  answered: readonly (readonly [string, string])[];
}): (key: string) => string {
  const labels = run.turns.flatMap(({ content }) => Object.entries(content?.labels ?? {}));
  const options = run.state.plan.optionKeys.flatMap((key, index) =>
    run.opened.options.slice(index, index + 1).map((option) => [key, option] as const),
  );
  const words = new Map([
    ...run.answered,
    ...labels,
    ...openAnswers(run.turns, run.textOf),
    ...answersOfParts(run.parts),
    ...answersWritten(run.turns, run.textOf),
    ...options,
  ]);
  return (key) => words.get(key) ?? key;
}

/** Answers of parts by the part's name, and all of them as a list. */
function answersOfParts(parts: readonly WordedPart[]): readonly (readonly [string, string])[] {
  const answered = parts.flatMap(({ part, answer }) => (answer === null ? [] : [{ part, answer }]));
  if (answered.length === 0) return [];
  const list = answered.map(({ part, answer }) => `${part}: ${answer}`).join('\n\n');
  return [...answered.map(({ part, answer }) => [part, answer] as const), [listOfAnswers, list]];
}

/** What the chair of an analysis wrote, by its key. */
function answersWritten(
  turns: readonly TurnReading[],
  textOf: (text: Text) => string,
): readonly (readonly [string, string])[] {
  return turns.flatMap(({ fact, content }) =>
    fact.type === 'synthesis.written' && fact.key !== undefined && content !== null
      ? [[fact.key, textOf(content.answer)] as const]
      : [],
  );
}

/** Answers that people gave in words, by key: nobody else may have given them. */
function answersOfPeople(events: readonly LedgerEvent[]): readonly (readonly [string, string])[] {
  return events.flatMap(({ type, data }) => {
    if (type !== 'conclave.approval.answered.v1') return [];
    const { text } = (data['content'] ?? {}) as AnsweredContent;
    const choice = data['choice'];
    return typeof choice === 'string' && text !== undefined ? [[choice, text] as const] : [];
  });
}

/** Each key of an open answer with its most frequent wording. */
function openAnswers(
  turns: readonly TurnReading[],
  textOf: (text: Text) => string,
): readonly (readonly [string, string])[] {
  const wordings = turns.filter(isPosition).flatMap(({ fact, content }) => {
    const answer = content === null ? '' : textOf(content.answer);
    const isOpen = fact.choice.kind === 'single' && answer !== '';
    return isOpen ? [{ key: fact.choice.option, seat: fact.turn, answer }] : [];
  });
  const keys = new Set(wordings.map(({ key }) => key));
  return [...keys].flatMap((key) =>
    groupAnswers(
      wordings.filter((wording) => wording.key === key),
      'exact',
    )
      .slice(0, 1)
      .map(({ label }) => [key, label] as const),
  );
}
