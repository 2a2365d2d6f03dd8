import type { BudgetLimits, Plan, Seat } from '../collaboration/plan.ts';
import type { CollaborationRequest, Estimate } from '../collaboration/request.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { choiceKindOf } from '../protocols/validity.ts';
import type { Agent, Price } from '../providers/agent.ts';
import { formatUsd, microsOf } from '../providers/price.ts';
import { imageTokens } from '../prompts/token-estimate.ts';
import { questionKindDefault, type QuestionKind } from '../calibration/question-kind.ts';
import { analysisFaults, cuttingOf, withReserve } from './analysing.ts';
import { peopleFaults, peopleOf } from './asking-people.ts';
import { expectedAccuracy, withRecords, type KnownRecords } from './calibrating.ts';
import { usualProtocol } from './default-protocol.ts';
import { parseDeadline } from './duration.ts';
import { estimateOf, type PricesByAgent } from './estimate.ts';
import { shown, type Fault } from './fault.ts';
import { gateFaults, gateOf } from './gating.ts';
import { fitted, leastOf, type Draft } from './fitting.ts';
import { chairFaults, chairOf, participantFaults, seatsOf, type Candidates } from './seating.ts';
import { settingsFor, thoroughnessDefault, type Settings } from './settings.ts';
import { promptTokensOf, tokensOfBytes } from './prompt-size.ts';
import { toleranceFaults } from './tolerance.ts';

/** What a plan needs to know beside the request and the agents. */
export interface PlanContext {
  /** Seed of the shuffles where the request names none, hexadecimal. */
  readonly seed: string;
  /** Bytes of all materials, those in place and the artifacts. */
  readonly materialBytes: number;
  /** Names of agents that cannot be reached now: the default panel is without them. */
  readonly offline?: readonly string[];
  /** What is known of the panel's models; read only where `needsRecords`. Without it nothing is known of any. */
  readonly records?: KnownRecords;
}

/** A plan with what it would cost, or everything that stands against one. */
export type Planned =
  | { readonly ok: true; readonly plan: Plan; readonly estimate: Estimate }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** What names and frames one material in a prompt, tokens. */
const headingTokens = 32;

/** Fewest participants that can disagree. */
const debatersMin = 2;

/**
 * Decides everything about a run before it starts: who takes part, how, for how long and at what price.
 *
 * Fields of the request come before thoroughness, thoroughness before defaults. With a budget, replies and materials
 * are made smaller until the whole run fits, see `fitted`.
 *
 * @param request - a body that the request schema accepts
 * @param panel - all agents of the tenant, in the order in which the default panel takes them
 * @param context - what else it depends on; the same three give the same plan
 */
export function makePlan(
  request: CollaborationRequest,
  panel: readonly Agent[],
  context: PlanContext,
): Planned {
  const kind = request.questionKind ?? questionKindDefault;
  const candidates = {
    panel: byRecord(panel, kind, context.records),
    offline: context.offline ?? [],
  };
  const known = [...participantFaults(request, candidates), ...chairFaults(request, candidates)];
  if (known.length > 0) return { ok: false, faults: [...known, ...fieldFaults(request)] };

  const draft = draftOf(request, candidates, context);
  const faults = [
    ...fieldFaults(request),
    ...tableFaults(request, draft.plan.seats),
    ...toleranceFaults(draft.plan),
    ...gateFaults(draft.plan, request.gate),
    ...peopleFaults(request, draft.plan),
    ...analysisFaults(request),
  ];
  if (faults.length > 0) return { ok: false, faults };

  const prices = pricesOf(panel);
  const least = estimateOf(leastOf(draft), prices);
  const tooSmall = budgetFaults(draft.plan, least, prices);
  if (tooSmall.length > 0) return { ok: false, faults: tooSmall };

  const plan = withReserve(fitted(draft, prices), prices);
  const { oneRoundTokens, oneRoundMicrosUsd } = least;
  return {
    ok: true,
    plan,
    estimate: { ...estimateOf(plan, prices), oneRoundTokens, oneRoundMicrosUsd },
  };
}

/** The best by record come first; of equal ones, and where nothing is known, those that came first. */
function byRecord(
  panel: readonly Agent[],
  kind: QuestionKind,
  known: KnownRecords | undefined,
): readonly Agent[] {
  const ranked = panel.map((agent) => ({ agent, accuracy: expectedAccuracy(agent, kind, known) }));
  ranked.sort((one, other) => other.accuracy - one.accuracy);
  return ranked.map(({ agent }) => agent);
}

function pricesOf(panel: readonly Agent[]): PricesByAgent {
  return Object.fromEntries(panel.map(({ name, price }): [string, Price | null] => [name, price]));
}

function draftOf(
  request: CollaborationRequest,
  candidates: Candidates,
  { seed, materialBytes, records }: PlanContext,
): Draft {
  const { pattern, thoroughness = thoroughnessDefault, deadline } = request;
  const settings = settingsFor(thoroughness);
  const seats = seatsOf(request, candidates, settings.agents);
  const plan: Plan = {
    pattern,
    seed: request.seed ?? seed,
    seats,
    protocol: protocolOf(request),
    optionKeys: (request.options ?? []).map((_, index) => `o${index + 1}`),
    grouping: request.grouping ?? 'normalised',
    ...workOf(request, settings),
    ...endOf(request),
    chair: chairOf(request, seats, candidates),
    allowFallback: request.allowFallback ?? false,
    budget: limitsOf(request),
    deadlineMs: deadline === undefined ? null : parseDeadline(deadline),
    promptTokens: promptTokensOf(request),
    thoroughness,
    questionKind: request.questionKind ?? questionKindDefault,
    toleratedFaults: request.toleratedFaults ?? 0,
    ...cuttingOf(request, thoroughness),
  };
  const gate = gateOf(plan, request.gate);
  return {
    plan: withRecords({ ...plan, ...gate, ...peopleOf(request.people, gate) }, records),
    materialTokens: tokensOfBytes(materialBytes) + framesOf(request),
    isOutputFixed: request.maxOutputTokens !== undefined,
  };
}

/** An artifact may be an image, which costs by its pixels and not by its bytes. */
function framesOf({ materials = [] }: CollaborationRequest): number {
  return materials.reduce((sum, item) => sum + ('text' in item ? headingTokens : imageTokens), 0);
}

/** How much each seat works. A consensus votes again only where that is asked for. */
function workOf(
  request: CollaborationRequest,
  settings: Settings,
): Pick<Plan, 'rounds' | 'depth' | 'maxOutputTokens'> {
  return {
    rounds: request.rounds ?? (request.pattern === 'debate' ? settings.rounds : 1),
    depth: request.depth ?? settings.depth,
    maxOutputTokens: request.maxOutputTokens ?? settings.maxOutputTokens,
  };
}

/** How a run ends: a closed question ends with the votes, an open debate with a text. */
function endOf(
  request: CollaborationRequest,
): Pick<Plan, 'stopOnStability' | 'endsEarly' | 'synthesis'> {
  const isClosed = request.options !== undefined;
  return {
    stopOnStability: request.stopOnStability ?? true,
    endsEarly: request.endsEarly ?? isClosed,
    synthesis: request.synthesis ?? (request.pattern !== 'consensus' && !isClosed),
  };
}

/** The judge is the chair, so its name is not kept twice. */
function protocolOf(request: CollaborationRequest): Protocol {
  const { protocol = usualProtocol(request) } = request;
  return protocol.kind === 'judge' ? { kind: 'judge' } : protocol;
}

function limitsOf({ budget }: CollaborationRequest): BudgetLimits {
  return {
    tokens: budget?.tokens ?? null,
    microsUsd: budget?.usd === undefined ? null : microsOf(budget.usd),
  };
}

/** Faults of single fields, for callers that did not come through the schema. */
function fieldFaults(request: CollaborationRequest): readonly Fault[] {
  const { options, rounds = 1, deadline } = request;
  const faults: Fault[] = [];
  if (options !== undefined && options.length < 2) {
    faults.push({ field: 'options', got: shown(options), expected: 'at least 2, or none' });
  }
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 5) {
    faults.push({ field: 'rounds', got: shown(rounds), expected: 'a whole number from 1 to 5' });
  }
  if (deadline !== undefined && parseDeadline(deadline) === null) {
    const expected = 'an ISO 8601 duration from PT1S to P30D, for instance PT10M';
    faults.push({ field: 'deadline', got: shown(deadline), expected });
  }
  return faults;
}

/** Faults between the pattern, the protocol and who sits at the table. */
function tableFaults(request: CollaborationRequest, seats: readonly Seat[]): readonly Fault[] {
  const { pattern, protocol, options } = request;
  const faults: Fault[] = [];
  if (pattern !== 'consensus' && seats.length < debatersMin) {
    const article = pattern === 'analysis' ? 'an' : 'a';
    const expected = `at least ${debatersMin} participants in ${article} ${pattern}`;
    faults.push({ field: 'participants', got: `${seats.length} participant`, expected });
  }
  if (protocol?.kind === 'quorum' && protocol.required > seats.length) {
    const expected = `1 to ${seats.length}, the number of participants`;
    faults.push({ field: 'protocol.required', got: shown(protocol.required), expected });
  }
  const isOpenDebate = pattern === 'debate' && options === undefined;
  if (protocol !== undefined && isOpenDebate && choiceKindOf(protocol) !== 'single') {
    const expected = `options, for ${protocol.kind} in a debate needs a closed question`;
    faults.push({ field: 'options', got: 'nothing', expected });
  }
  return faults;
}

function budgetFaults(plan: Plan, least: Estimate, prices: PricesByAgent): readonly Fault[] {
  const { tokens, microsUsd } = plan.budget;
  const round = `what one round of ${plan.seats.length} participants${inParts(plan)} needs`;
  const faults: Fault[] = [];
  if (tokens !== null && tokens < least.oneRoundTokens) {
    const expected = `at least ${least.oneRoundTokens} tokens, ${round}`;
    faults.push({ field: 'budget.tokens', got: shown(tokens), expected });
  }
  if (microsUsd !== null && microsUsd < (least.oneRoundMicrosUsd ?? 0)) {
    const expected = `at least ${formatUsd(least.oneRoundMicrosUsd)}, ${round}`;
    faults.push({ field: 'budget.usd', got: formatUsd(microsUsd), expected });
  }
  const unpriced = [...plan.seats, plan.chair].find(({ agent }) => prices[agent] === null);
  if (microsUsd !== null && tokens === null && unpriced !== undefined) {
    const expected = `a limit in tokens beside it, for the price of ${shown(unpriced.agent)} is unknown`;
    faults.push({ field: 'budget.usd', got: formatUsd(microsUsd), expected });
  }
  return faults;
}

function inParts({ cutting }: Plan): string {
  return cutting === undefined ? '' : ` in each of up to ${cutting.partsMax} parts`;
}
