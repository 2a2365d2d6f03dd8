import { leadingKey, mergedChoice } from '../collaboration/ballots.ts';
import type { FactOf } from '../collaboration/fact.ts';
import type { Seat } from '../collaboration/plan.ts';
import { controlTally } from '../ledger/debate-report.ts';
import type { Sha256 } from '../ledger/event.ts';
import { isPosition, positionInWords } from '../ledger/run-reading.ts';
import type { RunReading, TurnReading } from '../ledger/run-reading.ts';
import { shown, type Fault } from '../planning/fault.ts';
import { answerKey } from '../replies/answer-key.ts';
import type { Choice } from '../protocols/protocol.ts';
import { optionsOf } from '../protocols/validity.ts';
import { questionKindDefault, type QuestionKind } from './question-kind.ts';
import type { ModelName } from './track-record.ts';

/** The key of the true answer, or why what came is none. */
export type Truth =
  | { readonly ok: true; readonly key: string; readonly words: string }
  | { readonly ok: false; readonly fault: Fault };

/** What a seat held at one moment, seen from the truth. */
export interface Held {
  /** In words; a list for approval and ranked ballots; `null` for an abstention. */
  readonly choice: string | readonly string[] | null;
  readonly confidence: number | null;
  /** Whether it names the truth: first of all in a ranking, among others in an approval. `null` for an abstention. */
  readonly isRight: boolean | null;
}

/** One seat before it saw its peers and at the end; `null` where it held nothing. */
export interface SeatOutcome {
  readonly seat: string;
  readonly agent: string;
  readonly blind: Held | null;
  readonly final: Held | null;
  /** Whether its blind answer is a trial of its model's record. */
  readonly isTrial: boolean;
}

/** What votes came to, seen from the truth. */
export interface VoteOutcome {
  readonly kind: 'decided' | 'no-decision';
  readonly answer: string | null;
  /** `null` where there was no decision. */
  readonly isRight: boolean | null;
}

/** Who was right in a run whose truth is known. */
export interface Outcome {
  readonly seats: readonly SeatOutcome[];
  /** What the blind votes alone would have come to, under the plan's protocol; plurality under `judge`. */
  readonly control: VoteOutcome;
  readonly final: VoteOutcome;
  /** What everything after the blind vote was worth: it made a wrong control right, a right one wrong, or neither. */
  readonly effect: 'helped' | 'harmed' | 'none';
}

/** One blind answer whose truth is known. */
export interface Trial extends ModelName {
  readonly seat: string;
  readonly simulated: boolean;
  readonly kind: QuestionKind;
  readonly confidence: number | null;
  readonly isRight: boolean;
}

type PositionReading = TurnReading & { readonly fact: FactOf<'position.submitted'> };

/** Most answers that a message lists. */
const listedMax = 20;

/**
 * Finds the answer that somebody says is the true one.
 *
 * @param run - a run that has ended
 * @param given - an option's text, or the text or key of an answer that a seat gave
 * @param sha256 - computes hashes, for the keys of open answers
 * @returns the key that stands for it and all answers merged with it, and its words
 */
export function truthOf(run: RunReading, given: string, sha256: Sha256): Truth {
  const { merges, plan } = run.state;
  const known = knownKeys(run);
  const asOpenAnswer = answerKey(given, plan.grouping, sha256);
  const key =
    known.find((one) => run.wordsOf(one).trim() === given.trim()) ??
    known.find((one) => one === given) ??
    known.find((one) => one === asOpenAnswer);
  if (key !== undefined) {
    const stands = merges[key] ?? key;
    return { ok: true, key: stands, words: run.wordsOf(stands) };
  }
  const listed = known.slice(0, listedMax).map((one) => shown(run.wordsOf(one)));
  const more = known.length > listedMax ? ` and ${String(known.length - listedMax)} more` : '';
  const expected =
    known.length === 0
      ? 'an answer that a seat gave, and none gave any'
      : `one of: ${listed.join(', ')}${more}`;
  return { ok: false, fault: { field: 'answer', got: shown(given), expected } };
}

/** Keys of the options and of every answer that any seat ever gave, in that order. */
function knownKeys(run: RunReading): readonly string[] {
  const given = run.turns.filter(isPosition).flatMap(({ fact }) => optionsOf(fact.choice));
  return [...new Set([...run.state.plan.optionKeys, ...run.state.optionKeys, ...given])];
}

/**
 * Tells who was right.
 *
 * @param run - a run that has ended
 * @param truth - key of the true answer, see {@link truthOf}
 */
export function outcomeOf(run: RunReading, truth: string): Outcome {
  const control = controlOf(run, truth);
  const final = finalOf(run, truth);
  return {
    seats: run.state.seats.map((seat) => {
      const blind = blindTurn(run, seat.seat);
      const last = standingTurn(run, seat.seat);
      return {
        seat: seat.seat,
        agent: seat.agent,
        blind: blind === undefined ? null : heldIn(run, blind, truth),
        final: last === undefined ? null : heldIn(run, last, truth),
        isTrial: blind !== undefined && trialOf(run, { seat, turn: blind, truth }).length > 0,
      };
    }),
    control,
    final,
    effect: effectOf(control, final),
  };
}

/**
 * Gives what a resolved run adds to the records of its models: each seat's blind answer.
 *
 * Left out are replies that a fork took over, abstentions, approvals of several options (which say no one answer), answers that a fallback gave, and seats
 * of runs that were planned before plans named models.
 *
 * @param run - a run that has ended
 * @param truth - key of the true answer, see {@link truthOf}
 */
export function trialsOf(run: RunReading, truth: string): readonly Trial[] {
  return run.state.seats.flatMap((seat) => {
    const turn = blindTurn(run, seat.seat);
    return turn === undefined ? [] : trialOf(run, { seat, turn, truth });
  });
}

function trialOf(
  run: RunReading,
  { seat, turn, truth }: { seat: Seat; turn: PositionReading; truth: string },
): readonly Trial[] {
  const { choice, confidence } = turn.fact;
  const isRight = namesTruth(run, choice, truth);
  const isOwn = turn.content === null || turn.content.agent === seat.agent;
  const isOne = choice.kind !== 'approve' || choice.options.length === 1;
  // What a fork took over is a trial of its origin, and one reply is one trial.
  const isReused = turn.fact.reused !== undefined;
  if (seat.model === undefined || isRight === null || !isOwn || !isOne || isReused) return [];
  const kind = run.state.plan.questionKind ?? questionKindDefault;
  const { simulated } = seat;
  return [{ ...seat.model, seat: seat.seat, simulated, kind, confidence, isRight }];
}

/** The first position of the first round: nobody had seen a peer yet. */
function blindTurn(run: RunReading, seat: string): PositionReading | undefined {
  return run.turns
    .filter(isPosition)
    .find(({ fact }) => fact.seat === seat && fact.round === 1 && fact.task !== 'nomination');
}

function standingTurn(run: RunReading, seat: string): PositionReading | undefined {
  const standpoint = run.state.standpoints[seat];
  return run.turns.filter(isPosition).find(({ fact }) => fact.turn === standpoint?.turn);
}

function heldIn(run: RunReading, turn: PositionReading, truth: string): Held {
  const { choice, confidence } = turn.fact;
  const isRight = namesTruth(run, choice, truth);
  return { choice: positionInWords(run, turn), confidence, isRight };
}

function namesTruth(run: RunReading, choice: Choice, truth: string): boolean | null {
  const merged = mergedChoice(choice, run.state.merges);
  if (merged.kind === 'abstain') return null;
  return merged.kind === 'approve' ? merged.options.includes(truth) : leadingKey(merged) === truth;
}

/** Counts the blind votes as if nothing had come after them. */
function controlOf(run: RunReading, truth: string): VoteOutcome {
  const counted = controlTally(run);
  const answer = counted?.kind === 'decided' ? counted.option : null;
  return voteOutcome(run, answer, truth);
}

function finalOf(run: RunReading, truth: string): VoteOutcome {
  const answer = run.state.verdict?.answer ?? null;
  return voteOutcome(run, answer === null ? null : (run.state.merges[answer] ?? answer), truth);
}

function voteOutcome(run: RunReading, answer: string | null, truth: string): VoteOutcome {
  return answer === null
    ? { kind: 'no-decision', answer: null, isRight: null }
    : { kind: 'decided', answer: run.wordsOf(answer), isRight: answer === truth };
}

function effectOf(control: VoteOutcome, final: VoteOutcome): Outcome['effect'] {
  const [before, after] = [control.isRight === true, final.isRight === true];
  if (before === after) return 'none';
  return after ? 'helped' : 'harmed';
}
