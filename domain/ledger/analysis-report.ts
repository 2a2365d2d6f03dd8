import type { PartCost } from '../analysis/analysis-terms.ts';
import type { WordedPart } from '../analysis/part-words.ts';
import { routeOf } from '../analysis/routing.ts';
import type { AnalysisReport, PartReport } from '../collaboration/decision.ts';
import { totalCost } from './cost.ts';
import type { RunReading } from './run-reading.ts';

/**
 * Tells what the parts of an analysis came to, and where they contradict each other.
 *
 * @param run - a run that has ended
 * @returns `undefined` for other patterns
 */
export function analysisReportOf(run: RunReading): AnalysisReport | undefined {
  const { plan } = run.state;
  if (plan.cutting === undefined) return undefined;
  return {
    parts: run.parts.flatMap((part) => reportOf(part, plan.thoroughness)),
    contradictions: run.turns.flatMap(({ content }) => content?.contradictions ?? []),
    partial: run.parts.some(({ end }) => end?.ending !== 'answered'),
  };
}

/** A run that has ended has no part without an end. */
function reportOf(worded: WordedPart, thoroughness: number): readonly PartReport[] {
  const { part, question, kind, after, end, collaboration, answer, explanation } = worded;
  if (end === null) return [];
  const { ending, reason, record } = end;
  const { pattern } = routeOf(kind, thoroughness);
  const said = { part, question, kind, pattern, after, collaboration };
  return [{ ...said, ending, reason, answer, explanation, cost: totalCost([], [end]), record }];
}

/** What the parts of an analysis cost, one entry a part that has ended. */
export function costsOfParts({ parts }: Pick<RunReading, 'parts'>): readonly PartCost[] {
  return parts.flatMap(({ end }) => end ?? []);
}
