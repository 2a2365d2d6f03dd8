import type { WordedPart } from '../analysis/part-words.ts';
import { pendingIn } from '../approvals/approvals.ts';
import { tallyOf } from '../collaboration/ballots.ts';
import type { Choice } from '../protocols/protocol.ts';
import type { LedgerEvent, Text } from '../ledger/event.ts';
import {
  choiceInWords,
  readRun,
  type ResolveText,
  type RunReading,
} from '../ledger/run-reading.ts';
import { hasAnswered } from '../collaboration/run-state.ts';
import type { RunState, Spent } from '../collaboration/run-state.ts';
import { shareOf } from '../budget/budget.ts';
import type { BudgetLimits } from '../collaboration/plan.ts';
import type { Directives, Phase, Verdict } from '../collaboration/fact.ts';
import type { Fault } from '../planning/fault.ts';
import { lengthAt, momentFault, type MomentAsked } from './point.ts';

/** What a seat held. */
export interface HeldPosition {
  readonly seat: string;
  readonly agent: string;
  readonly turn: string;
  readonly round: number;
  readonly answer: string | readonly string[] | null;
  /** 0 to 1; `null` where it was not given. */
  readonly confidence: number | null;
}

/** What the votes came to, had they been counted then; `null` while there were none. */
export interface MomentTally {
  readonly kind: 'decided' | 'no-decision';
  readonly answer: string | null;
  readonly reason: string | null;
  readonly method: string;
  /** Seats, or the sum of their weights where weights count. */
  readonly counts: readonly { readonly answer: string; readonly votes: number }[];
}

/** A run as it was at one moment. */
export interface Moment {
  /** Number of the last event that counts. */
  readonly seq: number;
  /** When it happened, RFC 3339. */
  readonly time: string;
  /** Events that the stream has by now. */
  readonly events: number;
  readonly status: 'running' | 'waiting' | 'paused' | 'decided';
  readonly round: number;
  readonly pass: {
    readonly round: number;
    readonly phase: Phase;
    readonly directives: Directives;
    readonly answered: readonly string[];
    readonly outstanding: readonly string[];
  } | null;
  readonly positions: readonly HeldPosition[];
  /** Of an analysis, once its question is cut. */
  readonly parts?: readonly Pick<
    WordedPart,
    'part' | 'kind' | 'after' | 'question' | 'state' | 'answer'
  >[];
  readonly tally: MomentTally | null;
  readonly budget: {
    readonly limits: BudgetLimits;
    readonly spent: Pick<Spent, 'tokens' | 'microsUsd' | 'calls' | 'unknownCalls'> & {
      readonly usd: number;
    };
    /** Used part of the limit that is further used up, 0 to 1 and beyond. */
    readonly share: number;
  };
  readonly context: {
    readonly question: string;
    readonly options: readonly string[];
    readonly materials: readonly string[];
    readonly participants: readonly {
      readonly seat: string;
      readonly agent: string;
      readonly weight: number;
    }[];
    /** What people said to the participants. */
    readonly messages: readonly {
      readonly seq: number;
      readonly by: string;
      readonly text: string;
    }[];
    /** Answers that count as another: words to words. */
    readonly merges: readonly { readonly answer: string; readonly countsAs: string }[];
  };
  readonly verdict: Verdict | null;
}

/** A moment, or what is wrong with the one that was asked for. */
export type MomentResult =
  | { readonly ok: true; readonly moment: Moment }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * Tells how a run stood at one moment, from its events alone.
 *
 * @param events - a stream from its first event on, with at least one event
 * @param asked - which moment
 * @param resolve - gives texts that are too long for the ledger
 * @throws Error when the stream does not begin with `collaboration.opened`
 */
export function momentOf(
  events: readonly LedgerEvent[],
  asked: MomentAsked,
  resolve: ResolveText,
): MomentResult {
  const fault = momentFault(events, asked);
  if (fault !== undefined) return { ok: false, faults: [fault] };
  const until = events.slice(0, lengthAt(events, asked));
  return { ok: true, moment: viewOf(readRun(until, resolve), until, events.length) };
}

const microsPerUsd = 1_000_000;

function viewOf(run: RunReading, until: readonly LedgerEvent[], events: number): Moment {
  const { state } = run;
  const { seq, time } = until.reduce((_earlier, event) => event);
  const { tokens, microsUsd, calls, unknownCalls } = state.spent;
  const usd = microsUsd / microsPerUsd;
  return {
    seq,
    time,
    events,
    status: statusOf(state),
    round: state.round,
    pass: passOf(state),
    positions: positionsOf(run),
    ...partsOf(run),
    tally: tallyIn(run),
    budget: {
      limits: state.budget,
      spent: { tokens, microsUsd, usd, calls, unknownCalls },
      share: shareOf(state.budget, state.spent),
    },
    context: contextOf(run),
    verdict: state.verdict,
  };
}

function statusOf(state: RunState): Moment['status'] {
  if (state.verdict !== null) return 'decided';
  if (state.isPaused) return 'paused';
  return pendingIn(state).length > 0 ? 'waiting' : 'running';
}

function passOf(state: RunState): Moment['pass'] {
  const { pass } = state;
  if (pass === null) return null;
  const { round, phase, directives, seats } = pass;
  const isAnswered = (seat: string): boolean => hasAnswered(state, pass, seat);
  return {
    round,
    phase,
    directives,
    answered: seats.filter(isAnswered),
    outstanding: seats.filter((seat) => !isAnswered(seat)),
  };
}

function partsOf(run: RunReading): Pick<Moment, 'parts'> {
  if (run.parts.length === 0) return {};
  return {
    parts: run.parts.map(({ part, kind, after, question, state, answer }) => {
      return { part, kind, after, question, state, answer };
    }),
  };
}

function positionsOf(run: RunReading): readonly HeldPosition[] {
  const { state } = run;
  const inWords = (choice: Choice): HeldPosition['answer'] =>
    choiceInWords(choice, (key) => run.wordsOf(key));
  return state.seats.flatMap(({ seat, agent }): HeldPosition[] => {
    const held = state.standpoints[seat];
    if (held === undefined) return [];
    const { turn, round, choice, confidence } = held;
    return [{ seat, agent, turn, round, answer: inWords(choice), confidence }];
  });
}

/** Nominations are no votes: they say what may be voted on. */
function tallyIn(run: RunReading): MomentTally | null {
  const { state } = run;
  const isCountable = state.pass?.phase !== 'nomination';
  if (!isCountable || Object.keys(state.standpoints).length === 0) return null;
  const tally = tallyOf(state);
  const counts = tally.counts.map(({ option, votes }) => ({ answer: run.wordsOf(option), votes }));
  const { kind, method } = tally;
  return tally.kind === 'decided'
    ? { kind, method, counts, answer: run.wordsOf(tally.option), reason: null }
    : { kind, method, counts, answer: null, reason: tally.reason };
}

interface MessageData {
  readonly by: string;
  readonly content: { readonly text: Text };
}

function contextOf(run: RunReading): Moment['context'] {
  const { opened, state, events } = run;
  return {
    question: run.textOf(opened.question),
    options: opened.options,
    materials: opened.materials.map(({ name }) => name),
    participants: state.seats.map(({ seat, agent, weight }) => ({ seat, agent, weight })),
    messages: events.flatMap((event) => {
      if (event.type !== 'conclave.message.added.v1') return [];
      const { by, content } = event.data as unknown as MessageData;
      return [{ seq: event.seq, by, text: run.textOf(content.text) }];
    }),
    merges: Object.entries(state.merges)
      .filter(([key, standsFor]) => key !== standsFor)
      .map(([key, standsFor]) => ({ answer: run.wordsOf(key), countsAs: run.wordsOf(standsFor) })),
  };
}
