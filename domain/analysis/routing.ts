import type { QuestionKind } from '../calibration/question-kind.ts';
import { planWithout, type Plan } from '../collaboration/plan.ts';
import type { BuiltInPersona } from '../personas/persona.ts';
import { settingsFor } from '../planning/settings.ts';
import type { Protocol } from '../protocols/protocol.ts';

/** How parts of one kind are answered. */
export interface Route {
  readonly pattern: 'consensus' | 'debate';
  /** Protocol of an open question. */
  readonly protocol: Protocol;
  /** Dealt to the seats in turn; none leaves each seat its own. */
  readonly personas: readonly BuiltInPersona[];
  /** What the thoroughness of the whole is multiplied with, above 0, up to 1. */
  readonly factor: number;
}

const judged: Protocol = { kind: 'judge' };
const counted: Protocol = { kind: 'plurality' };

/** What is a matter of fact is voted on; what is to be weighed is debated, and judged by its arguments. */
const routes: Readonly<Record<Exclude<QuestionKind, 'other'>, Route>> = {
  factual: { pattern: 'consensus', protocol: counted, personas: [], factor: 0.5 },
  design: {
    pattern: 'debate',
    protocol: judged,
    personas: ['architect', 'pragmatist', 'critic'],
    factor: 1,
  },
  security: { pattern: 'debate', protocol: judged, personas: ['security', 'critic'], factor: 1 },
  planning: {
    pattern: 'debate',
    protocol: judged,
    personas: ['pragmatist', 'architect', 'critic'],
    factor: 0.8,
  },
};

/** From this thoroughness of the whole on, parts about anything are debated; below it they are voted on. */
const debatedFrom = 0.4;

/**
 * Says how a part is answered.
 *
 * | kind | pattern | protocol | personas | thoroughness |
 * |---|---|---|---|---|
 * | factual | consensus | plurality | each seat's own | half |
 * | design | debate | judge | architect, pragmatist, critic | the same |
 * | security | debate | judge | security, critic | the same |
 * | planning | debate | judge | pragmatist, architect, critic | 0.8 of it |
 * | other | debate, consensus below 0.4 | judge, plurality below 0.4 | each seat's own | 0.8 of it |
 *
 * @param kind - what the part is about
 * @param thoroughness - of the whole, 0 to 1
 */
export function routeOf(kind: QuestionKind, thoroughness: number): Route {
  if (kind !== 'other') return routes[kind];
  const isDebated = thoroughness >= debatedFrom;
  return {
    pattern: isDebated ? 'debate' : 'consensus',
    protocol: isDebated ? judged : counted,
    personas: [],
    factor: 0.8,
  };
}

const digits = 1_000;

/** Thoroughness of a part, to three digits. */
export function thoroughnessOf(route: Route, thoroughness: number): number {
  return Math.round(thoroughness * route.factor * digits) / digits;
}

/** Most parts that thoroughness allows where a request says nothing: 2 below 0.3, 4 to 0.6, 8 above. */
export function partsMaxFor(thoroughness: number): number {
  if (thoroughness < 0.3) return 2;
  return thoroughness <= 0.6 ? 4 : 8;
}

/** A judge reads the answers as they are; votes are counted once equal ones are found. */
export function groupingOf(protocol: Protocol): Plan['grouping'] {
  return protocol.kind === 'judge' ? 'normalised' : 'model';
}

/** What a prompt of a part holds beside the question of the whole: its own question, and the names of what it reads, tokens. */
export const partPromptTokens = 700;

/**
 * Sketches the plan of a part before the question is cut, so that it can be estimated.
 *
 * @param plan - the analysis
 * @param kind - what the part would be about
 */
export function sketchedPart(plan: Plan, kind: QuestionKind): Plan {
  const route = routeOf(kind, plan.thoroughness);
  const settings = settingsFor(thoroughnessOf(route, plan.thoroughness));
  return {
    ...planWithout(plan, 'cutting'),
    pattern: route.pattern,
    protocol: route.protocol,
    grouping: groupingOf(route.protocol),
    synthesis: route.pattern === 'debate',
    rounds: route.pattern === 'debate' ? settings.rounds : 1,
    depth: settings.depth,
    promptTokens: plan.promptTokens + partPromptTokens,
  };
}
