import { partPromptTokens, sketchedPart } from '../analysis/routing.ts';
import { questionKinds } from '../calibration/question-kind.ts';
import { turnRef, type TurnTask } from '../collaboration/fact.ts';
import type { Plan, Seat } from '../collaboration/plan.ts';
import type { Estimate } from '../collaboration/request.ts';
import type { RunState } from '../collaboration/run-state.ts';
import type { Price } from '../providers/agent.ts';
import { costOf } from '../providers/price.ts';
import { chairTasksOf, passesOf } from './passes.ts';

/** Prices by agent; one that is absent or `null` is unknown. */
export type PricesByAgent = Readonly<Record<string, Price | null>>;

/** An amount of the budget. */
export interface Amount {
  readonly tokens: number;
  /** Whole micro-dollars; `null` where the price is unknown. */
  readonly microsUsd: number | null;
}

/** More than the words around a quoted reply and its fault ever take, tokens. */
const repairWordsTokens = 500;

/** Share of the longest reply that a usual one fills; what a later round reads of an earlier one is estimated by it. */
const usualReplyShare = 0.25;

interface Call {
  readonly task: TurnTask;
  readonly round: number;
  readonly seat: Seat;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly isFirstRound: boolean;
}

/**
 * Estimates a run that needs all its rounds: each pass reads all that was said before.
 *
 * Replies are counted at their upper bound, what is read of them at a quarter of it. Repairs are not counted.
 *
 * @param plan - the run
 * @param prices - prices of the plan's agents
 */
export function estimateOf(plan: Plan, prices: PricesByAgent): Estimate {
  return estimateOfCalls(callsOf(plan), prices);
}

/**
 * Estimates what is still to come of a run that needs all its rounds, as {@link estimateOf} does for a whole one.
 *
 * @param state - where it stands; turns that are known and passes that have ended are not counted
 * @param prices - prices of its agents
 */
export function estimateOfRest(state: RunState, prices: PricesByAgent): Estimate {
  const { plan, seats, passes, turns } = state;
  const hasEnded = ({ task, round }: Call): boolean =>
    passes.some((pass) => pass.phase === task && pass.round === round);
  const rest = callsOf({ ...plan, seats }).filter(
    (call) => !hasEnded(call) && !(turnRef(call.task, call.round, call.seat.seat).turn in turns),
  );
  return estimateOfCalls(rest, prices);
}

function estimateOfCalls(calls: readonly Call[], prices: PricesByAgent): Estimate {
  const firstRound = calls.filter(({ isFirstRound }) => isFirstRound);
  return {
    calls: calls.length,
    inputTokens: sum(calls.map(({ inputTokens }) => inputTokens)),
    outputTokens: sum(calls.map(({ outputTokens }) => outputTokens)),
    microsUsd: priceOf(calls, prices),
    oneRoundTokens: sum(firstRound.map((call) => call.inputTokens + call.outputTokens)),
    oneRoundMicrosUsd: priceOf(firstRound, prices),
  };
}

function callsOf(plan: Plan): readonly Call[] {
  return plan.cutting === undefined
    ? callsOfTable(plan)
    : [...callsOfChair(plan), ...callsOfParts(plan, plan.cutting.partsMax)];
}

/** The chair cuts the question and writes the answer, however small the budget. */
function callsOfChair(plan: Plan): readonly Call[] {
  const ofChair = { plan, round: 1, seat: plan.chair, passesBefore: 0, isFirstRound: true };
  return chairTasksOf(plan).map((task) => callOf({ ...ofChair, task }));
}

/** As many parts as there may be, each of the kind that costs most. */
function callsOfParts(plan: Plan, partsMax: number): readonly Call[] {
  const dearest = questionKinds
    .map((kind) => callsOfTable(sketchedPart(plan, kind)))
    .reduce((most, calls) => (tokensOf(calls) > tokensOf(most) ? calls : most));
  return Array.from({ length: partsMax }, () => dearest).flat();
}

function tokensOf(calls: readonly Call[]): number {
  return sum(calls.map((call) => call.inputTokens + call.outputTokens));
}

function callsOfTable(plan: Plan): readonly Call[] {
  const passes = passesOf(plan);
  const asked = passes.flatMap(({ round, phase: task }, index) =>
    plan.seats.map((seat) =>
      callOf({ plan, task, round, seat, passesBefore: index, isFirstRound: round === 1 }),
    ),
  );
  const ofChair = { plan, round: plan.rounds, seat: plan.chair };
  const chaired = chairTasksOf(plan).map((task) =>
    callOf({ ...ofChair, task, passesBefore: passes.length, isFirstRound: false }),
  );
  return [...asked, ...chaired];
}

function callOf(call: {
  plan: Plan;
  task: TurnTask;
  round: number;
  seat: Seat;
  passesBefore: number;
  isFirstRound: boolean;
}): Call {
  const { plan, task, round, seat, passesBefore, isFirstRound } = call;
  return {
    task,
    round,
    seat,
    inputTokens: inputTokensOf(plan, task, passesBefore),
    outputTokens: plan.maxOutputTokens,
    isFirstRound,
  };
}

function inputTokensOf(plan: Plan, task: TurnTask, passesBefore: number): number {
  const usualReply = Math.ceil(plan.maxOutputTokens * usualReplyShare);
  const positions = passesBefore * plan.seats.length * usualReply;
  return plan.promptTokens + positions + partsReadIn(plan, task);
}

/** What the synthesis of an analysis reads at most; longer answers are cut for it. */
function partsReadIn({ cutting, maxOutputTokens }: Plan, task: TurnTask): number {
  if (cutting === undefined || task !== 'synthesis') return 0;
  return cutting.partsMax * (maxOutputTokens + partPromptTokens);
}

function priceOf(calls: readonly Call[], prices: PricesByAgent): number | null {
  const costs = calls.map((call) =>
    costOf({ ...call, cachedTokens: 0 }, prices[call.seat.agent] ?? null),
  );
  return costs.reduce((total, cost) => (total === null || cost === null ? null : total + cost), 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A call that is about to be made. */
export interface PlannedCall {
  readonly task: TurnTask;
  readonly round: number;
  readonly plan: Plan;
  /** Price of its agent; `null` where it is unknown. */
  readonly price: Price | null;
  /** Tokens of the prompt, where it is built already; else they are estimated from the plan. */
  readonly inputTokens?: number;
}

/**
 * Says how much of the budget a call must hold before it is made, so that calls in flight cannot overspend it.
 *
 * @returns the whole input at the uncached price and the longest reply that is allowed
 */
export function reservationFor(call: PlannedCall): Amount {
  const inputTokens = call.inputTokens ?? inputTokensOf(call.plan, call.task, passesBefore(call));
  const outputTokens = call.plan.maxOutputTokens;
  return {
    tokens: inputTokens + outputTokens,
    microsUsd: costOf({ inputTokens, cachedTokens: 0, outputTokens }, call.price),
  };
}

/**
 * Says how much of the budget a turn must hold before its reply is asked for a second time.
 *
 * @returns both calls together; the second reads the first one's prompt, its reply and what was wrong with it
 */
export function reservationWithRepair(call: PlannedCall): Amount {
  const first = reservationFor(call).tokens;
  const outputTokens = 2 * call.plan.maxOutputTokens;
  // The first prompt, then the second: the first one and its reply, and what was wrong with it.
  const inputTokens = first - call.plan.maxOutputTokens + first + repairWordsTokens;
  return {
    tokens: inputTokens + outputTokens,
    microsUsd: costOf({ inputTokens, cachedTokens: 0, outputTokens }, call.price),
  };
}

function passesBefore({ task, round, plan }: PlannedCall): number {
  const passes = passesOf(plan);
  const index = passes.findIndex((pass) => pass.phase === task && pass.round === round);
  return index === -1 ? passes.length : index;
}
