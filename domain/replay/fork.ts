import { planWithout, type BudgetLimits, type Plan } from '../collaboration/plan.ts';
import type { Estimate } from '../collaboration/request.ts';
import type { RunState } from '../collaboration/run-state.ts';
import { factsOf, turnsOf } from '../collaboration/step.ts';
import type { TurnRef } from '../collaboration/fact.ts';
import { eventOf, type LedgerEvent, type NewEvent } from '../ledger/event.ts';
import { stateOf } from '../ledger/run-reading.ts';
import { machines } from '../machines.ts';
import { parseDeadline } from '../planning/duration.ts';
import { estimateOfRest, reservationFor, type PricesByAgent } from '../planning/estimate.ts';
import { shown, type Fault } from '../planning/fault.ts';
import { formatUsd, microsOf } from '../providers/price.ts';
import { lengthAt, momentFault } from './point.ts';
import type { ForkAsked } from './fork-schema.ts';
import { takeOver, type TakingOver } from './taking-over.ts';

/** The fork as it is to be, and what it is planned with. */
export interface ForkIdentity extends TakingOver {
  /** Who asks for it. */
  readonly by: string;
  /** Prices of its agents. */
  readonly prices: PricesByAgent;
}

/** A fork with what it would cost, or everything that stands against one. */
export type Fork =
  | {
      readonly ok: true;
      readonly plan: Plan;
      /** Its first events: what it takes over, and a pause where one was asked for. */
      readonly events: readonly NewEvent[];
      /** Of what is new alone. */
      readonly estimate: Estimate;
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Fields of the plan in which a fork may differ from its origin. */
export const changeableFields: readonly (keyof Plan)[] = [
  'rounds',
  'stopOnStability',
  'budget',
  'deadlineMs',
  'origin',
  'parent',
];

const roundsMax = 5;
const decidedType = 'conclave.decision.reached.v1';

/**
 * Makes a new run that begins with what another one had come to, and goes on from there.
 *
 * @param events - the origin's stream from its first event on, with at least one event
 * @param asked - of the shape that `forkSchema` accepts
 * @param identity - the new run
 * @throws Error when the stream does not begin with `collaboration.opened`
 */
export function forkOf(
  events: readonly LedgerEvent[],
  asked: ForkAsked,
  identity: ForkIdentity,
): Fork {
  const [unfit] = patternFaults(events);
  if (unfit !== undefined) return { ok: false, faults: [unfit] };
  const undecided = beforeVerdict(events);
  const fault = pointFault(events, undecided, asked);
  if (fault !== undefined) return { ok: false, faults: [fault] };
  const until = undecided.slice(0, lengthAt(undecided, asked));
  const { plan, taken } = begunFrom(until, asked, identity);
  const state = stateOf(taken);
  const calls = callsAhead(state);
  const needed = neededFor(calls, state, identity.prices);
  const faults = [
    ...startFaults(asked, plan, until.length),
    ...roundFaults(asked, state),
    ...deadlineFaults(asked),
    ...budgetFaults(asked, { state, needed, prices: identity.prices }),
  ];
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    plan,
    events: asked.paused === true ? [...taken, pauseOf(identity)] : taken,
    estimate: {
      ...estimateOfRest(state, identity.prices),
      oneRoundTokens: needed.tokens,
      oneRoundMicrosUsd: needed.microsUsd,
    },
  };
}

/** What the parts of an analysis have done is not in its own stream, so nothing could be taken over. */
function patternFaults(events: readonly LedgerEvent[]): readonly Fault[] {
  const { pattern } = stateOf(events.slice(0, 1)).plan;
  if (pattern !== 'analysis') return [];
  const expected = 'a debate or a consensus: of an analysis, fork its parts';
  return [{ field: 'pattern', got: shown(pattern), expected }];
}

function beforeVerdict(events: readonly LedgerEvent[]): readonly LedgerEvent[] {
  const decidedAt = events.findIndex(({ type }) => type === decidedType);
  return decidedAt === -1 ? events : events.slice(0, decidedAt);
}

/** A fork goes on from a moment at which the run had not ended. */
function pointFault(
  events: readonly LedgerEvent[],
  undecided: readonly LedgerEvent[],
  asked: ForkAsked,
): Fault | undefined {
  const fault = momentFault(undecided, asked);
  const [decided] = events.slice(undecided.length);
  if (decided === undefined || (fault !== undefined && fault.field !== 'seq')) return fault;
  if (fault !== undefined) {
    return { ...fault, expected: `${fault.expected} before the verdict` };
  }
  const { at } = asked;
  if (at === undefined || Date.parse(at) < Date.parse(decided.time)) return undefined;
  return {
    field: 'at',
    got: shown(at),
    expected: `a time before ${decided.time}, when it was decided`,
  };
}

function begunFrom(
  until: readonly LedgerEvent[],
  asked: ForkAsked,
  identity: ForkIdentity,
): { readonly plan: Plan; readonly taken: readonly NewEvent[] } {
  const then = stateOf(until);
  const { stream, seq, hash } = until.reduce((_earlier, event) => event);
  const taken = takeOver(until, identity);
  const origin = { collaborationId: stream, seq, hash, events: taken.length };
  const plan = { ...changed(then, asked), origin };
  return {
    plan,
    taken: taken.map((event, index) =>
      index === 0 ? { ...event, data: { ...event.data, plan } } : event,
    ),
  };
}

/** The plan as it stood then, with the changes. A fork of a part is a run of its own. */
function changed({ plan, budget }: RunState, asked: ForkAsked): Plan {
  const { rounds = plan.rounds, stopOnStability = plan.stopOnStability, deadline } = asked;
  return {
    ...planWithout(plan, 'parent'),
    rounds,
    stopOnStability,
    budget: limitsOf(budget, asked),
    deadlineMs: deadline === undefined ? plan.deadlineMs : parseDeadline(deadline),
  };
}

function limitsOf(then: BudgetLimits, { budget = {} }: ForkAsked): BudgetLimits {
  return {
    tokens: budget.tokens ?? then.tokens,
    microsUsd: budget.usd === undefined ? then.microsUsd : microsOf(budget.usd),
  };
}

/** What the fork asks first: the rest of the pass that was open, the next one, or its chair. */
function callsAhead(state: RunState): readonly TurnRef[] {
  const machine = machines[state.plan.pattern];
  const ahead = factsOf(machine.next(state)).reduce(
    (folded, fact) => machine.evolve(folded, fact),
    state,
  );
  return turnsOf(machine.next(ahead));
}

interface Needed {
  readonly calls: number;
  readonly tokens: number;
  /** `null` where a price is unknown. */
  readonly microsUsd: number | null;
}

function neededFor(calls: readonly TurnRef[], state: RunState, prices: PricesByAgent): Needed {
  const { plan, seats } = state;
  const table = [...seats, plan.chair];
  const amounts = calls.flatMap(({ task, round, seat }) =>
    table
      .filter((one) => one.seat === seat)
      .map(({ agent }) => reservationFor({ task, round, plan, price: prices[agent] ?? null })),
  );
  return amounts.reduce<Needed>(
    (sum, { tokens, microsUsd }) => ({
      ...sum,
      tokens: sum.tokens + tokens,
      microsUsd: sum.microsUsd === null || microsUsd === null ? null : sum.microsUsd + microsUsd,
    }),
    { calls: calls.length, tokens: 0, microsUsd: 0 },
  );
}

/** The questions at the start are asked with the words of the request: a fork takes all of them over. */
function startFaults({ seq }: ForkAsked, { people }: Plan, length: number): readonly Fault[] {
  const least = 1 + (people?.questions ?? 0);
  if (length >= least) return [];
  const expected = `a whole number from ${least} on, for the start asks people`;
  return [{ field: 'seq', got: shown(seq), expected }];
}

function roundFaults({ rounds }: ForkAsked, { round }: RunState): readonly Fault[] {
  const least = Math.max(1, round);
  if (rounds === undefined || (rounds >= least && rounds <= roundsMax)) return [];
  const expected = `a whole number from ${least} to ${roundsMax}, for round ${least} had begun`;
  return [{ field: 'rounds', got: shown(rounds), expected }];
}

function deadlineFaults({ deadline }: ForkAsked): readonly Fault[] {
  if (deadline === undefined || parseDeadline(deadline) !== null) return [];
  const expected = 'an ISO 8601 duration from PT1S to P30D, for instance PT10M';
  return [{ field: 'deadline', got: shown(deadline), expected }];
}

function budgetFaults(
  { budget = {} }: ForkAsked,
  planned: { readonly state: RunState; readonly needed: Needed; readonly prices: PricesByAgent },
): readonly Fault[] {
  const { state, needed, prices } = planned;
  const next = `what its next ${needed.calls === 1 ? 'call needs' : `${needed.calls} calls need`}`;
  const faults: Fault[] = [];
  if (budget.tokens !== undefined && budget.tokens < needed.tokens) {
    const expected = `at least ${needed.tokens} tokens, ${next}`;
    faults.push({ field: 'budget.tokens', got: shown(budget.tokens), expected });
  }
  if (budget.usd === undefined) return faults;
  const microsUsd = microsOf(budget.usd);
  const got = formatUsd(microsUsd);
  if (microsUsd < (needed.microsUsd ?? 0)) {
    const expected = `at least ${formatUsd(needed.microsUsd)}, ${next}`;
    faults.push({ field: 'budget.usd', got, expected });
  }
  const table = [...state.seats, state.plan.chair];
  const unpriced = table.find(({ agent }) => (prices[agent] ?? null) === null);
  if (state.budget.tokens === null && unpriced !== undefined) {
    const expected = `a limit in tokens beside it, for the price of ${shown(unpriced.agent)} is unknown`;
    faults.push({ field: 'budget.usd', got, expected });
  }
  return faults;
}

function pauseOf({ collaborationId, time, by }: ForkIdentity): NewEvent {
  return eventOf(
    { type: 'collaboration.paused', by },
    { id: `${collaborationId}/paused`, source: '/api', subject: collaborationId, time },
  );
}
