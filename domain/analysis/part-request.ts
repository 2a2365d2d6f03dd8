import type { BudgetLimits, Plan, Seat } from '../collaboration/plan.ts';
import type {
  CollaborationRequest,
  MaterialInput,
  ParticipantInput,
} from '../collaboration/request.ts';
import type { MaterialRef, Sha256 } from '../ledger/event.ts';
import { usdOf } from '../providers/price.ts';
import type { Part } from './analysis-terms.ts';
import { groupingOf, routeOf, thoroughnessOf, type Route } from './routing.ts';

/** A part that another one needs, in words. */
export interface NeededAnswer {
  readonly part: string;
  readonly question: string;
  /** `null` where it came to none. */
  readonly answer: string | null;
}

/** What the request of a part is made from. */
export interface PartBrief {
  /** Of the analysis. */
  readonly plan: Plan;
  /** What the analysis was asked. */
  readonly whole: {
    readonly question: string;
    readonly materials: readonly MaterialRef[];
    readonly personas: Readonly<Record<string, string>>;
  };
  readonly part: Part;
  /** What the part asks. */
  readonly question: string;
  /** The parts that it needs, in its order. */
  readonly needed: readonly NeededAnswer[];
  /** Its share of the budget. */
  readonly budget: BudgetLimits;
}

/** Name of the material in which a part reads what was asked in all. */
export const wholeQuestionName = 'the-whole-question.md';

/**
 * Makes the request of a part, as if somebody had asked its question alone: by its kind it gets its pattern, protocol,
 * personas and thoroughness; table, chair and materials are those of the whole, and it reads the answers that it needs.
 *
 * @param brief - what it is made from
 * @param sha256 - computes hashes; the part's seed follows from that of the whole and the part's name
 */
export function partRequest(brief: PartBrief, sha256: Sha256): CollaborationRequest {
  const { plan, whole, part, question } = brief;
  const route = routeOf(part.kind, plan.thoroughness);
  const protocol = protocolOf(plan, route);
  return {
    pattern: route.pattern,
    question,
    materials: materialsOf(brief),
    participants: plan.seats.map((seat, index) => participant(plan, route, { seat, index })),
    protocol,
    grouping: groupingOf(protocol),
    chair: plan.chair.agent,
    thoroughness: thoroughnessOf(route, plan.thoroughness),
    questionKind: part.kind,
    budget: limitsOf(brief.budget),
    allowFallback: plan.allowFallback,
    ...outputOf(plan),
    ...(Object.keys(whole.personas).length === 0 ? {} : { personas: whole.personas }),
    seed: sha256(`${plan.seed}/${part.part}`),
  };
}

/** Weights that the request of the whole gave its participants are meant to count. */
function protocolOf({ seats }: Plan, { protocol }: Route): Route['protocol'] {
  return seats.some(({ weight }) => weight !== 1) ? { kind: 'weighted' } : protocol;
}

function participant(
  { cutting }: Plan,
  { personas }: Route,
  { seat, index }: { readonly seat: Seat; readonly index: number },
): ParticipantInput {
  const isFixed = cutting?.personasFixed.includes(seat.seat) === true;
  const dealt = personas.slice(index % personas.length, (index % personas.length) + 1);
  const named = isFixed ? seat.personas : dealt;
  return {
    agent: seat.agent,
    ...(named.length === 0 ? {} : { personas: named }),
    ...(seat.weight === 1 ? {} : { weight: seat.weight }),
  };
}

function materialsOf({ whole, needed }: PartBrief): readonly MaterialInput[] {
  return [
    { name: wholeQuestionName, text: whole.question },
    ...needed.flatMap(({ part, question, answer }) =>
      answer === null
        ? []
        : [{ name: `answer-of-${part}.md`, text: `Asked: ${question}\n\nAnswered: ${answer}\n` }],
    ),
    ...whole.materials.map(({ name, sha256 }) => ({ name, artifact: sha256 })),
  ];
}

function limitsOf({ tokens, microsUsd }: BudgetLimits): { tokens?: number; usd?: number } {
  const usd = usdOf(microsUsd);
  return { ...(tokens === null ? {} : { tokens }), ...(usd === null ? {} : { usd }) };
}

function outputOf({ cutting }: Plan): Pick<CollaborationRequest, 'maxOutputTokens'> {
  const fixed = cutting?.outputFixed ?? null;
  return fixed === null ? {} : { maxOutputTokens: fixed };
}
