import { compareCodePoints } from '../protocols/code-point-order.ts';
import type { QuestionKind } from './question-kind.ts';

/** A model by what it is, whatever an agent or its persona is called. */
export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/** How often a model, asked about one kind of question, was this sure and right, or this sure and wrong. */
export interface TrialCount {
  readonly kind: QuestionKind;
  /** As the seat said it before it saw any peer, 0 to 1; `null` where it said none. */
  readonly confidence: number | null;
  /** Blind answers that were the true one. */
  readonly right: number;
  /** Blind answers that were not. */
  readonly wrong: number;
}

/** A model with all its trials of one tenant. Simulated trials are never mixed with real ones. */
export interface TrackRecord extends ModelName {
  readonly simulated: boolean;
  readonly counts: readonly TrialCount[];
}

/** A trial count that has a confidence. */
export interface ConfidenceCount {
  readonly confidence: number;
  readonly right: number;
  readonly wrong: number;
}

/** Right and wrong answers in all. */
export interface Hits {
  readonly right: number;
  readonly wrong: number;
}

/** Names a model within one tenant's records; simulated and real ones never share a name. */
export function modelKey({
  provider,
  model,
  simulated,
}: ModelName & { simulated: boolean }): string {
  return JSON.stringify([provider, model, simulated]);
}

/** Adds up right and wrong answers, those without a confidence too. */
export function hitsOf(counts: readonly TrialCount[]): Hits {
  return counts.reduce(
    (sum, { right, wrong }) => ({ right: sum.right + right, wrong: sum.wrong + wrong }),
    { right: 0, wrong: 0 },
  );
}

/**
 * Adds up the trials that have a confidence, one entry for each confidence, the lowest first.
 *
 * The order of the counts changes nothing, not even the last digit of what is computed from it.
 */
export function byConfidence(counts: readonly TrialCount[]): readonly ConfidenceCount[] {
  const found = new Map<number, ConfidenceCount>();
  for (const { confidence, right, wrong } of counts) {
    if (confidence === null) continue;
    const known = found.get(confidence) ?? { confidence, right: 0, wrong: 0 };
    found.set(confidence, {
      confidence,
      right: known.right + right,
      wrong: known.wrong + wrong,
    });
  }
  return [...found.values()].sort((one, other) => one.confidence - other.confidence);
}

/** Orders records by model, and their counts by kind and confidence: the same record is always the same text. */
export function inOrder(records: readonly TrackRecord[]): readonly TrackRecord[] {
  return records
    .map((record) => ({
      ...record,
      counts: [...record.counts].sort((one, other) =>
        compareCodePoints(countKey(one), countKey(other)),
      ),
    }))
    .sort((one, other) => compareCodePoints(modelKey(one), modelKey(other)));
}

function countKey({ kind, confidence, right, wrong }: TrialCount): string {
  return JSON.stringify([kind, confidence, right, wrong]);
}
