import { wordedParts, type WordedPart } from '../analysis/part-words.ts';
import type { OpenedContent, Text, TurnContent } from '../ledger/event.ts';
import type { Pass, PassEntry, PromptMessage } from '../prompts/material.ts';
import type { KeyedAnswer } from '../replies/reply.ts';
import { chairSeat, leadingKey, mergedChoice } from './ballots.ts';
import {
  turnTasks,
  type Fact,
  type FactOf,
  type TurnFact,
  type TurnRef,
  type TurnTask,
} from './fact.ts';
import type { Pattern } from './plan.ts';
import type { RunState } from './run-state.ts';
import type { Machine } from './step.ts';

/** An event as a prompt needs it: its fact, and its content with every text in place. */
export interface FiledEvent {
  readonly seq: number;
  readonly fact: Fact;
  readonly content: unknown;
}

/** A turn's content with every text in place. */
export type FiledContent = Omit<TurnContent, 'answer' | 'rationale'> & {
  readonly answer: string;
  readonly rationale: string;
};

/** What one turn may know: everything that was in the ledger when its pass opened. */
export interface CaseFile {
  readonly state: RunState;
  readonly opened: Omit<OpenedContent, 'question'> & { readonly question: string };
  readonly passes: readonly Pass[];
  readonly messages: readonly PromptMessage[];
  /** Words of every answer that was given, by key; options included. */
  readonly labels: ReadonlyMap<string, string>;
  /** Latest turn in which a seat argued, for the seats whose arguments are shown. */
  readonly argumentTurns: ReadonlyMap<string, string>;
  /** Of an analysis, in words, in the order in which they were proposed; else none. */
  readonly parts: readonly WordedPart[];
}

/**
 * Reads a turn's name.
 *
 * @param name - `<task>-<round>-<seat>`
 * @throws Error when the name is none, which only a bug can cause
 */
export function turnNamed(name: string): TurnRef {
  const [task, round, ...seat] = name.split('-');
  const isTask = (turnTasks as readonly (string | undefined)[]).includes(task);
  if (!isTask || seat.length === 0) throw new Error(`turn: got ${name}, expected task-round-seat`);
  return { turn: name, task: task as TurnTask, round: Number(round), seat: seat.join('-') };
}

/**
 * Finds how much of the ledger a turn may know: up to the opening of its pass, or, for the chair, all that came
 * before its task. The same for every seat of a pass and for every try, whatever happened meanwhile.
 *
 * @returns the last sequence number it may know, or `undefined` when its pass has not been opened yet
 */
export function horizonOf(events: readonly FiledEvent[], turn: TurnRef): number | undefined {
  const isItsPass = ({ fact }: FiledEvent): boolean =>
    fact.type === 'round.opened' && fact.round === turn.round && fact.phase === turn.task;
  if (turn.seat !== chairSeat) return events.find(isItsPass)?.seq;
  if (turn.task === 'decomposition') return events.findLast(isBeforeTheCut)?.seq;
  return events.findLast(({ fact }) => openedTheChairsTask(fact, turn))?.seq;
}

/** Who cuts the question knows it, and what people replied before. */
function isBeforeTheCut({ fact }: FiledEvent): boolean {
  if (fact.type === 'collaboration.opened') return true;
  const isSettled = 'approval' in fact && fact.type !== 'approval.requested';
  return isSettled && fact.approval.startsWith('question-');
}

/** The chair works on what stood when the last pass closed or the last part ended, and on its own earlier work. */
function openedTheChairsTask(fact: Fact, turn: TurnRef): boolean {
  if (fact.type === 'round.closed' || fact.type === 'part.ended') return true;
  return (
    (fact.type === 'answers.grouped' || fact.type === 'judgement.given') && fact.turn !== turn.turn
  );
}

/**
 * Puts together what a turn may know.
 *
 * @param events - the stream in order, from the first event up to the turn's horizon
 * @throws Error when the first event opens nothing, which only a bug can cause
 */
export function caseFileOf(
  events: readonly FiledEvent[],
  machines: Readonly<Record<Pattern, Machine<RunState>>>,
): CaseFile {
  const [first, ...rest] = events;
  if (first?.fact.type !== 'collaboration.opened') throw new Error('a stream opens nothing');
  const machine = machines[first.fact.plan.pattern];
  const state = rest.reduce(
    (folded, { fact }) => machine.evolve(folded, fact),
    machine.open(first.fact),
  );
  const opened = first.content as CaseFile['opened'];
  const passes = passesOf(rest, state);
  return {
    state,
    opened,
    passes,
    messages: messagesOf(rest, passes),
    labels: labelsOf(rest, state, opened.options),
    argumentTurns: argumentTurnsOf(rest),
    parts: wordedParts({
      said: rest,
      parts: state.parts,
      question: opened.question,
      textOf: inPlace,
    }),
  };
}

/** A case file has every text in place. */
function inPlace(text: Text): string {
  return text as string;
}

/** The answers that stand, merged, each once, in code point order of their keys: what a chair groups or judges. */
export function standingAnswers(file: CaseFile): readonly KeyedAnswer[] {
  const { state } = file;
  const keys = Object.values(state.standpoints).flatMap(({ choice }) => {
    const merged = mergedChoice(choice, state.merges);
    return leadingKey(merged) ?? [];
  });
  return [...new Set(keys)].sort().map((key) => ({ key, text: file.labels.get(key) ?? key }));
}

/** What may be chosen, with its words; empty while answers are open. */
export function optionsOf(file: CaseFile): readonly KeyedAnswer[] {
  return file.state.optionKeys.map((key) => ({ key, text: file.labels.get(key) ?? key }));
}

function passesOf(events: readonly FiledEvent[], state: RunState): readonly Pass[] {
  return state.passes
    .filter(({ phase }) => phase !== 'nomination')
    .map(({ round, phase }) => ({
      round,
      phase,
      entries: events.flatMap((event) => entryOf(event, round, phase)),
    }))
    .filter(({ entries }) => entries.length > 0);
}

function entryOf(
  { fact, content }: FiledEvent,
  round: number,
  phase: string,
): readonly PassEntry[] {
  if (!isArgument(fact) || fact.round !== round || fact.task !== phase) return [];
  const said = content as FiledContent;
  return [
    {
      seat: fact.seat,
      answer: fact.type === 'position.submitted' ? said.answer : null,
      rationale: said.rationale,
      evidence: said.evidence,
      critiques: said.critiques,
    },
  ];
}

function isArgument(fact: Fact): fact is TurnFact {
  return fact.type === 'position.submitted' || fact.type === 'critique.submitted';
}

/** A message stands after the passes that are shown: one in which nobody said anything counts for nothing. */
function messagesOf(
  events: readonly FiledEvent[],
  passes: readonly Pass[],
): readonly PromptMessage[] {
  const isShown = ({ round, phase }: FactOf<'round.closed'>): boolean =>
    passes.some((pass) => pass.round === round && pass.phase === phase);
  const messages: PromptMessage[] = [];
  let afterPasses = 0;
  for (const { fact, content } of events) {
    if (fact.type === 'round.closed' && isShown(fact)) afterPasses += 1;
    if (fact.type === 'message.added') {
      messages.push({ afterPasses, text: (content as { text: string }).text });
    }
    if (fact.type === 'approval.answered' && fact.answer === 'reply') {
      const question = questionOf(events, fact.approval);
      const { text } = content as { text: string };
      messages.push({ afterPasses, text: `They were asked: ${question}\nThey replied: ${text}` });
    }
  }
  return messages;
}

function questionOf(events: readonly FiledEvent[], approval: string): string {
  const requested = events.find(
    ({ fact }) => fact.type === 'approval.requested' && fact.approval === approval,
  );
  return (requested?.content as { question: string }).question;
}

function labelsOf(
  events: readonly FiledEvent[],
  state: RunState,
  options: readonly string[],
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  state.plan.optionKeys.forEach((key, index) => labels.set(key, options[index] ?? key));
  for (const { fact, content } of events) {
    if (fact.type !== 'position.submitted') continue;
    const said = content as FiledContent;
    const named = said.labels ?? singleLabel(fact.choice, said.answer);
    for (const [key, words] of Object.entries(named)) if (!labels.has(key)) labels.set(key, words);
  }
  return labels;
}

function singleLabel(
  choice: { readonly kind: string; readonly option?: string },
  answer: string,
): Readonly<Record<string, string>> {
  return choice.option === undefined ? {} : { [choice.option]: answer };
}

function argumentTurnsOf(events: readonly FiledEvent[]): ReadonlyMap<string, string> {
  const turns = new Map<string, string>();
  for (const { fact } of events) {
    if (isArgument(fact) && fact.task !== 'nomination') turns.set(fact.seat, fact.turn);
  }
  return turns;
}
