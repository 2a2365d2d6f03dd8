import { analysis } from '../../domain/analysis/analysis.ts';
import type { Part, PartEnd, PartState } from '../../domain/analysis/analysis-terms.ts';
import { refusedPart } from '../../domain/analysis/part-end.ts';
import type { FactOf, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import type { RunState } from '../../domain/collaboration/run-state.ts';
import { aCost, drive, type Driven, type Interruptions, type Panel, type Parts } from './drive.ts';
import { planWith } from './plans.ts';

/** A plan of an analysis into four parts at most; every field may be set. */
export function analysisPlan(fields: Partial<Plan> = {}): Plan {
  return planWith({
    pattern: 'analysis',
    optionKeys: [],
    rounds: 1,
    synthesis: true,
    cutting: {
      partsMax: 4,
      reserve: { tokens: 300, microsUsd: 60 },
      personasFixed: [],
      outputFixed: null,
    },
    ...fields,
  });
}

/** A part about security that needs these others. */
export function part(name: string, after: readonly string[] = [], more: Partial<Part> = {}): Part {
  return { part: name, kind: 'security', after, ...more };
}

/** Three parts, of which the last needs the others. */
export const threeParts: readonly Part[] = [part('p1'), part('p2'), part('p3', ['p1', 'p2'])];

/** How the chair of these tests cuts the question. */
export function decomposed(turn: TurnRef, parts: readonly Part[]): FactOf<'question.decomposed'> {
  return { type: 'question.decomposed', ...turn, parts, ...aCost };
}

/** What the chair of these tests writes. */
export function synthesised(
  turn: TurnRef,
  contradictions?: readonly (readonly string[])[],
): FactOf<'synthesis.written'> {
  const said = { type: 'synthesis.written' as const, ...turn, key: 'awhole', ...aCost };
  return contradictions === undefined ? said : { ...said, contradictions };
}

/** Nothing usable of the chair. */
export function abstained(turn: TurnRef): TurnFact {
  return { type: 'turn.abstained', ...turn, reason: 'not-json', ...aCost };
}

/** A chair that cuts the question so and writes the answer. */
export function chair(parts: readonly Part[] = threeParts): Panel {
  return (turn) => (turn.task === 'decomposition' ? decomposed(turn, parts) : synthesised(turn));
}

/** The end of a part that answered, for two calls of 150 tokens and 30 micro-dollars. */
export function answered(name: string, more: Partial<PartEnd> = {}): FactOf<'part.ended'> {
  return {
    type: 'part.ended',
    part: name,
    ending: 'answered',
    reason: null,
    usage: { inputTokens: 200, cachedTokens: 0, outputTokens: 100 },
    microsUsd: 60,
    charged: { tokens: 300, microsUsd: 60 },
    calls: 2,
    unknownCalls: 0,
    record: `record-of-${name}`,
    ...more,
  };
}

/** The end of a part that came to no decision. */
export function unanswered(
  name: string,
  reason: PartEnd['reason'] = 'no-answers',
): FactOf<'part.ended'> {
  return answered(name, { ending: 'unanswered', reason });
}

/** The end of a part that could not be begun. */
export function notPlanned(name: string): FactOf<'part.ended'> {
  return { type: 'part.ended', ...refusedPart(name, 'budget') };
}

/** Every part answers, in the order in which they run, but for those that end otherwise. */
export function partsEnding(ends: Readonly<Record<string, FactOf<'part.ended'>>> = {}): Parts {
  return (running) => running.map((name) => ends[name] ?? answered(name));
}

/** Where a part stands. */
export function partIn({ parts }: RunState, name: string): PartState {
  const found = parts?.[name];
  if (found === undefined) throw new Error(`no part ${name}`);
  return found;
}

/** Drives an analysis as far as it goes. */
export function runAnalysis(
  options: {
    readonly plan?: Partial<Plan>;
    readonly panel?: Panel;
    readonly parts?: Parts;
    readonly interruptions?: Interruptions;
  } = {},
): Driven {
  const { plan = {}, panel = chair(), parts = partsEnding(), interruptions = {} } = options;
  return drive(analysis, analysisPlan(plan), panel, { parts, interruptions });
}
