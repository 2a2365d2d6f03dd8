import type { Cost, Decision } from '../collaboration/decision.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { decisionOf } from '../ledger/decision-reading.ts';
import type { RunReading, TurnReading } from '../ledger/run-reading.ts';
import type { Fault } from '../planning/fault.ts';
import { changedPlan, type Changes } from './changes.ts';
import type { RecordedRun } from './recorded-run.ts';
import { isSameJson } from './same-json.ts';
import {
  walkAgain,
  type MissingAnswer,
  type MissingReply,
  type Walked,
  type WalkPlan,
} from './what-if-walk.ts';

/** A vote that differs. */
export interface ChangedVote {
  readonly seat: string;
  /** In words; `null` for an abstention or a seat that is not there. */
  readonly from: string | readonly string[] | null;
  readonly to: string | readonly string[] | null;
}

/** How a what-if differs from what was. */
export interface WhatIfDifference {
  /** Whether the same answer won, or there is no decision for the same reason. */
  readonly isSameOutcome: boolean;
  /** Outcomes in words: the winning answer, or the reason why there is none. */
  readonly from: string;
  readonly to: string;
  readonly votes: readonly ChangedVote[];
  /** More or fewer model calls. */
  readonly calls: number;
  /** More or fewer tokens, in and out; `null` where a call left them unknown. */
  readonly tokens: number | null;
  /** More or fewer dollars; `null` where a call left them unknown. */
  readonly usd: number | null;
}

/** What a what-if needs and cannot have: a reply of a seat, or the answer of a person. */
export type Missing = MissingReply | MissingAnswer;

/** What a what-if comes to. */
export type WhatIf =
  | {
      readonly kind: 'answered';
      /** What would have come out; its cost is that of the recorded replies it takes. */
      readonly decision: Decision;
      readonly difference: WhatIfDifference;
      /** Turns that were answered knowing what a seat said that is left out here. */
      readonly influenced: readonly string[];
      /** What a reader has to know, one sentence each. */
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'unanswerable';
      /** What would be needed next and was never given; what would follow depends on it. */
      readonly missing: readonly Missing[];
      readonly notes: readonly string[];
    };

/** A what-if, or what is wrong with its changes. */
export type WhatIfResult = WhatIf | { readonly kind: 'refused'; readonly faults: readonly Fault[] };

/**
 * Says what would have come out of the same replies under other rules. No reply is ever invented: where one would be
 * needed that was never given, that is the answer.
 *
 * @param recorded - a run that has ended
 * @param changes - what is different; nothing gives what was recorded
 */
export function whatIf(recorded: RecordedRun, changes: Changes): WhatIfResult {
  const changed = changedPlan(recorded.plan, recorded.run.state.seats, changes);
  if (!changed.ok) return { kind: 'refused', faults: changed.faults };
  const { plan, leftOut } = changed;
  return replayUnder(recorded, { plan, leftOut, changes });
}

/** Says what would have come out of the same replies under a plan that fits the table. */
export function replayUnder(recorded: RecordedRun, wanted: WalkPlan): WhatIf {
  const { run } = recorded;
  const walked = walkAgain(recorded, wanted);
  const notes = notesOf(recorded, wanted.leftOut, walked);
  if (walked.missing.length > 0) return { kind: 'unanswerable', missing: walked.missing, notes };
  const reading = readingOf(run, walked);
  const decision = decisionOf(reading);
  const difference = differenceOf(run, reading, decision);
  return { kind: 'answered', decision, difference, influenced: walked.influenced, notes };
}

function notesOf(
  { plan }: RecordedRun,
  leftOut: ReadonlySet<string>,
  { influenced, lacksSynthesis, state }: Walked,
): readonly string[] {
  const without = [...leftOut].join(', ');
  const isSameBallot = isSameJson(state.plan.protocol, plan.protocol);
  return [
    ...(isSameBallot
      ? []
      : [
          `The seats answered under ${plan.protocol.kind}; under ${state.plan.protocol.kind} they might have answered otherwise.`,
        ]),
    ...(influenced.length === 0
      ? []
      : [`${influenced.length} of the replies were given knowing what ${without} had said.`]),
    ...(state.gate === undefined || state.plan.calibration !== undefined
      ? []
      : ['The gate took confidences as they were stated: the plan holds no calibration.']),
    ...(lacksSynthesis ? ['The answer is told by its vote: nobody wrote this one up.'] : []),
  ];
}

/** The run as it would stand in the ledger, in the words of the one that does. */
function readingOf(run: RunReading, { state, taken }: Walked): RunReading {
  const turns = run.turns.flatMap((turn): TurnReading[] => {
    const fact = taken.get(turn.fact.turn);
    if (fact === undefined) return [];
    // Where a ballot was read as another kind, its words no longer fit; those of its keys do.
    const isRead =
      'choice' in fact && 'choice' in turn.fact && !isSameJson(fact.choice, turn.fact.choice);
    const content =
      turn.content !== null && isRead ? { ...turn.content, answer: '' } : turn.content;
    return [{ ...turn, fact, content }];
  });
  const isSimulated =
    state.seats.some(({ simulated }) => simulated) ||
    turns.some(({ content }) => content?.simulated === true);
  return { ...run, state, turns, isSimulated };
}

function differenceOf(run: RunReading, reading: RunReading, decision: Decision): WhatIfDifference {
  const before = decisionOf(run);
  const votes = run.state.seats.flatMap(({ seat }): ChangedVote[] => {
    const from = voteOf(before, seat);
    const to = voteOf(decision, seat);
    return isSameJson(from, to) ? [] : [{ seat, from, to }];
  });
  return {
    isSameOutcome: outcomeOf(run.state) === outcomeOf(reading.state),
    from: outcomeInWords(run),
    to: outcomeInWords(reading),
    votes,
    calls: decision.cost.calls - before.cost.calls,
    tokens: minus(tokensOf(decision.cost), tokensOf(before.cost)),
    usd: minus(microsOf(decision.cost), microsOf(before.cost), microsPerUsd),
  };
}

function voteOf({ votes }: Decision, seat: string): ChangedVote['from'] {
  return votes.find((vote) => vote.seat === seat)?.choice ?? null;
}

function outcomeOf({ verdict }: RunState): string {
  return verdict?.kind === 'decided' ? `answer ${String(verdict.answer)}` : String(verdict?.reason);
}

/** Says the outcome of a run in words: the winning answer, or `no decision: <reason>`. */
export function outcomeInWords(run: RunReading): string {
  const { verdict } = run.state;
  return verdict?.kind === 'decided' && verdict.answer !== null
    ? run.wordsOf(verdict.answer)
    : `no decision: ${String(verdict?.reason)}`;
}

const microsPerUsd = 1_000_000;

function microsOf({ usd }: Cost): number | null {
  return usd === null ? null : Math.round(usd * microsPerUsd);
}

function tokensOf({ inputTokens, outputTokens }: Cost): number | null {
  return inputTokens === null || outputTokens === null ? null : inputTokens + outputTokens;
}

/** Whole numbers first, so that a difference of dollars has no noise. */
function minus(one: number | null, other: number | null, unit = 1): number | null {
  return one === null || other === null ? null : (one - other) / unit;
}
