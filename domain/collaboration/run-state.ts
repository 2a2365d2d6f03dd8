import type { PartCost } from '../analysis/analysis-terms.ts';
import { evolveParts, plannedParts, wholeQuestion, type Parts } from '../analysis/parts.ts';
import { evolveApprovals, type ApprovalFact, type Approvals } from '../approvals/approvals.ts';
import { questionKindDefault } from '../calibration/question-kind.ts';
import type { GateDecision } from '../gate/gate-terms.ts';
import type { Choice } from '../protocols/protocol.ts';
import { noUsage, addUsage, totalTokens, unknownUsage, type Usage } from '../providers/usage.ts';
import { turnRef } from './fact.ts';
import type {
  BudgetThreshold,
  ClosingReason,
  Directives,
  Fact,
  FactOf,
  LostCalls,
  Phase,
  TurnCost,
  TurnFact,
  Verdict,
} from './fact.ts';
import type { BudgetLimits, Plan, Seat } from './plan.ts';

/** What a seat holds: its latest position. */
export interface Standpoint {
  readonly turn: string;
  readonly round: number;
  readonly choice: Choice;
  readonly vetoes: readonly string[];
  readonly confidence: number | null;
  readonly citing: string | null;
}

/** The pass that is under way. */
export interface OpenPass {
  readonly round: number;
  readonly phase: Phase;
  readonly seats: readonly string[];
  readonly directives: Directives;
}

/** A pass that ended, with the choices as they stood at its end. */
export interface ClosedPass {
  readonly round: number;
  readonly phase: Phase;
  readonly reason: ClosingReason;
  readonly isLast: boolean;
  readonly standing: Readonly<Record<string, Choice>>;
}

/** What a run has used so far; unknown calls are counted, not guessed. */
export interface Spent {
  readonly usage: Usage;
  /** Tokens that count against the budget: those used, or those reserved where use is unknown. */
  readonly tokens: number;
  /** Integer micro-dollars that count against the budget, likewise. */
  readonly microsUsd: number;
  /** Calls of this run; replies that a fork took over are none. */
  readonly calls: number;
  readonly unknownCalls: number;
}

/** Everything that a run knows about itself; the fold of its facts. Holds no text. */
export interface RunState {
  readonly plan: Plan;
  readonly seats: readonly Seat[];
  readonly budget: BudgetLimits;
  readonly isPaused: boolean;
  readonly pass: OpenPass | null;
  /** Last round opened; 0 before the first. */
  readonly round: number;
  readonly passes: readonly ClosedPass[];
  /** How each finished turn ended. */
  readonly turns: Readonly<Record<string, TurnFact['type']>>;
  readonly standpoints: Readonly<Record<string, Standpoint>>;
  /** Keys that may be voted for: the request's options, or the nominated ones; empty while answers are open. */
  readonly optionKeys: readonly string[];
  readonly merges: Readonly<Record<string, string>>;
  readonly judgement: Choice | null;
  readonly spent: Spent;
  readonly thresholds: readonly BudgetThreshold[];
  readonly isBudgetRefused: boolean;
  readonly isDeadlinePassed: boolean;
  readonly closing: 'round' | 'run' | null;
  readonly cancelled: { readonly by: string; readonly reason: string } | null;
  readonly verdict: Verdict | null;
  /** Absent before the gate has decided, and where there is none. */
  readonly gate?: GateDecision;
  /** What people were asked, by name; absent in runs that asked nothing. */
  readonly approvals?: Approvals;
  /** Of an analysis, by name in the order in which they were proposed; absent before the question was cut. */
  readonly parts?: Parts;
  /** Of an analysis: what the chair wrote from its parts; absent before. */
  readonly synthesised?: Synthesised;
}

/** The answer that a chair wrote from parts, in keys. */
export interface Synthesised {
  readonly key: string;
  readonly contradictions: readonly (readonly string[])[];
}

/**
 * Begins a run.
 *
 * @param fact - the first fact of every stream
 */
export function openRun(fact: FactOf<'collaboration.opened'>): RunState {
  const { plan } = fact;
  return {
    plan,
    seats: plan.seats,
    budget: plan.budget,
    isPaused: false,
    pass: null,
    round: 0,
    passes: [],
    turns: {},
    standpoints: {},
    optionKeys: plan.optionKeys,
    merges: {},
    judgement: null,
    spent: { usage: noUsage, tokens: 0, microsUsd: 0, calls: 0, unknownCalls: 0 },
    thresholds: [],
    isBudgetRefused: false,
    isDeadlinePassed: false,
    closing: null,
    cancelled: null,
    verdict: null,
  };
}

/**
 * Folds one fact into a run. Within a pass the order of the turns' facts does not matter, and a turn that is
 * known already changes nothing.
 */
export function evolveRun(state: RunState, fact: Fact): RunState {
  if ('turn' in fact) return evolveTurn(state, fact);
  if ('approval' in fact) {
    return { ...state, approvals: evolveApprovals(state.approvals ?? {}, fact) };
  }
  if ('part' in fact) return evolvePart(state, fact);
  return 'by' in fact || fact.type === 'deadline.passed'
    ? steer(state, fact)
    : evolveCourse(state, fact);
}

function evolveTurn(state: RunState, fact: TurnFact): RunState {
  if (fact.turn in state.turns) return state;
  const known = {
    ...state,
    turns: { ...state.turns, [fact.turn]: fact.type },
    spent: addLost(state.spent, fact.lost),
  };
  if (fact.type === 'turn.refused') return { ...known, isBudgetRefused: true };
  return takeEffect({ ...known, spent: addSpent(known.spent, fact) }, fact);
}

function takeEffect(state: RunState, fact: Exclude<TurnFact, FactOf<'turn.refused'>>): RunState {
  switch (fact.type) {
    case 'position.submitted':
      return takePosition(state, fact);
    case 'turn.abstained':
      return abstain(state, fact);
    case 'answers.grouped':
      return { ...state, merges: fact.merges };
    case 'judgement.given':
      return { ...state, judgement: fact.choice };
    case 'question.decomposed':
      return { ...state, parts: plannedParts(fact.parts) };
    case 'synthesis.written':
      return fact.key === undefined
        ? state
        : { ...state, synthesised: synthesisedBy(fact, fact.key) };
    case 'critique.submitted':
    case 'turn.cancelled':
      return state;
  }
}

function abstain(state: RunState, fact: FactOf<'turn.abstained'>): RunState {
  if (fact.task === 'decomposition') return { ...state, parts: uncut(state.plan) };
  return fact.reason === 'declined' ? withdraw(state, fact.seat) : state;
}

/** A question that nobody could cut is answered whole. */
function uncut({ questionKind = questionKindDefault }: Plan): Parts {
  return plannedParts([{ part: wholeQuestion, kind: questionKind, after: [] }]);
}

function synthesisedBy(
  { contradictions = [] }: FactOf<'synthesis.written'>,
  key: string,
): Synthesised {
  return { key, contradictions };
}

/** What a part used counts once, when it ends. */
function evolvePart(state: RunState, fact: PartFact): RunState {
  const before = state.parts ?? {};
  const parts = evolveParts(before, fact);
  if (parts === before) return state;
  return fact.type === 'part.opened'
    ? { ...state, parts }
    : { ...state, parts, spent: addPart(state.spent, fact) };
}

function takePosition(state: RunState, fact: FactOf<'position.submitted'>): RunState {
  const { turn, round, choice, confidence, citing } = fact;
  const standpoint = { turn, round, choice, confidence, citing, vetoes: fact.vetoes ?? [] };
  return { ...state, standpoints: { ...state.standpoints, [fact.seat]: standpoint } };
}

/** A seat that declines in a later pass takes back what it held; one that merely fails keeps it. */
function withdraw(state: RunState, seat: string): RunState {
  const others = Object.entries(state.standpoints).filter(([name]) => name !== seat);
  return { ...state, standpoints: Object.fromEntries(others) };
}

function addSpent(spent: Spent, cost: TurnCost): Spent {
  const tokens = totalTokens(cost.usage);
  return {
    usage: addUsage(spent.usage, cost.usage),
    tokens: spent.tokens + (tokens ?? cost.charged?.tokens ?? 0),
    microsUsd: spent.microsUsd + (cost.microsUsd ?? cost.charged?.microsUsd ?? 0),
    calls: spent.calls + (cost.reused === undefined ? 1 : 0),
    unknownCalls: spent.unknownCalls + (tokens === null || cost.microsUsd === null ? 1 : 0),
  };
}

function addPart(spent: Spent, { usage, charged, calls, unknownCalls }: PartCost): Spent {
  return {
    usage: addUsage(spent.usage, usage),
    tokens: spent.tokens + charged.tokens,
    microsUsd: spent.microsUsd + charged.microsUsd,
    calls: spent.calls + calls,
    unknownCalls: spent.unknownCalls + unknownCalls,
  };
}

function addLost(spent: Spent, lost: LostCalls | undefined): Spent {
  if (lost === undefined) return spent;
  return {
    usage: addUsage(spent.usage, unknownUsage),
    tokens: spent.tokens + lost.tokens,
    microsUsd: spent.microsUsd + lost.microsUsd,
    calls: spent.calls + lost.calls,
    unknownCalls: spent.unknownCalls + lost.calls,
  };
}

function evolveCourse(
  state: RunState,
  fact: Exclude<Fact, TurnFact | ApprovalFact | SteeringFact | PartFact>,
): RunState {
  switch (fact.type) {
    case 'collaboration.opened':
      return openRun(fact);
    case 'round.opened':
      return openPass(state, fact);
    case 'round.closed':
      return closePass(state, fact);
    case 'decision.reached':
      return { ...state, verdict: fact.verdict };
    case 'gate.decided':
      return { ...state, gate: decidedBy(fact) };
    case 'threshold.reached':
      return { ...state, thresholds: [...state.thresholds, fact.percent] };
  }
}

function decidedBy(fact: FactOf<'gate.decided'>): GateDecision {
  const { round, outcome, way, reasons, reading } = fact;
  return { round, outcome, way, reasons, reading };
}

function openPass(state: RunState, fact: FactOf<'round.opened'>): RunState {
  const { round, phase, seats, directives } = fact;
  return { ...state, round, pass: { round, phase, seats, directives } };
}

/** Whether a seat's turn of a pass has ended, in whatever way. */
export function hasAnswered(
  { turns }: Pick<RunState, 'turns'>,
  { phase, round }: Pick<OpenPass, 'phase' | 'round'>,
  seat: string,
): boolean {
  return turnRef(phase, round, seat).turn in turns;
}

function closePass(state: RunState, fact: FactOf<'round.closed'>): RunState {
  const standing = Object.fromEntries(
    Object.entries(state.standpoints).map(([seat, standpoint]) => [seat, standpoint.choice]),
  );
  const closed: ClosedPass = {
    round: fact.round,
    phase: fact.phase,
    reason: fact.reason,
    isLast: state.pass?.directives.isLast ?? false,
    standing,
  };
  const ended: RunState = {
    ...state,
    pass: null,
    closing: state.closing === 'run' ? 'run' : null,
    passes: [...state.passes, closed],
  };
  return fact.phase === 'nomination' ? nominate(ended) : ended;
}

/** Nominations become the options, in code point order; nobody has voted yet. */
function nominate(state: RunState): RunState {
  const named = Object.values(state.standpoints).flatMap(({ choice }) =>
    choice.kind === 'approve' ? choice.options : [],
  );
  return { ...state, optionKeys: [...new Set(named)].sort(), standpoints: {} };
}

/** What happens to a part as a whole. */
type PartFact = FactOf<'part.opened' | 'part.ended'>;

/** Facts that people and the clock cause. */
type SteeringFact = FactOf<
  | 'collaboration.paused'
  | 'collaboration.resumed'
  | 'collaboration.cancelled'
  | 'closing.requested'
  | 'deadline.passed'
  | 'participant.added'
  | 'message.added'
  | 'budget.raised'
>;

function steer(state: RunState, fact: SteeringFact): RunState {
  switch (fact.type) {
    case 'collaboration.paused':
      return { ...state, isPaused: true };
    case 'collaboration.resumed':
      return { ...state, isPaused: false };
    case 'collaboration.cancelled':
      return { ...state, cancelled: { by: fact.by, reason: fact.reason } };
    case 'closing.requested':
      return isPointless(state, fact) ? state : { ...state, closing: fact.scope };
    case 'deadline.passed':
      return { ...state, isDeadlinePassed: true };
    case 'participant.added':
      return seatParticipant(state, fact.seat);
    case 'message.added':
      return state;
    case 'budget.raised':
      return { ...state, budget: fact.budget, isBudgetRefused: false };
  }
}

/** Between passes there is no round to close, and the next one must not pay for it. */
function isPointless({ pass }: RunState, { scope }: FactOf<'closing.requested'>): boolean {
  return scope === 'round' && pass === null;
}

/** A seat is taken once: of two who were given the same one the first has it, or no vote could be counted. */
function seatParticipant(state: RunState, seat: Seat): RunState {
  const isTaken = state.seats.some((other) => other.seat === seat.seat);
  return isTaken ? state : { ...state, seats: [...state.seats, seat] };
}
