import { sixDecimals } from './disagreement.ts';
import type { Gate } from './gate-terms.ts';

/** A debate of an open question with less thoroughness than this has a gate unless the request says otherwise. */
export const gatedBelow = 0.4;

/** Where votes agree, less confidence than this is a question for a person: they hold themselves to be wrong rather than right. */
const confidenceAskDefault = 0.5;

/** Share of the leading side that has to have said how sure it is. */
const statedMinDefault = 0.5;

/**
 * Gives the thresholds of a plan that names none.
 *
 * @param plan - what is planned
 * @param plan.thoroughness - 0 to 1
 * @param plan.optionKeys - none for an open question
 */
export function usualGate({
  thoroughness,
  optionKeys,
}: {
  readonly thoroughness: number;
  readonly optionKeys: readonly string[];
}): Gate {
  return optionKeys.length === 0 ? gateFor(thoroughness) : closedGateFor(thoroughness);
}

/**
 * Gives the thresholds of a closed question: any lead is enough where its side is surer than not. More thoroughness never
 * makes it easier to do without a debate.
 *
 * Measured with simulated panels (`docs/decision-quality.md`): to debate whatever is spread, or led by little, takes more
 * tokens and makes the panel right less often, since the many are followed where they are wrong, too.
 *
 * | | at 0.0 | at 0.5 | at 1.0 |
 * |---|---|---|---|
 * | most disagreement | 1 | 1 | 1 |
 * | least margin | 0 | 0.01 | 0.02 |
 * | least confidence | 0.5 | 0.55 | 0.6 |
 *
 * @param thoroughness - 0 to 1
 */
export function closedGateFor(thoroughness: number): Gate {
  return {
    disagreementMax: 1,
    marginMin: sixDecimals(0.02 * thoroughness),
    confidenceMin: sixDecimals(0.5 + 0.1 * thoroughness),
    confidenceAsk: confidenceAskDefault,
    statedMin: statedMinDefault,
    askedWay: 'debate',
  };
}

/**
 * Gives the thresholds of a thoroughness for an open question: guesses, for no figures are known. More thoroughness never
 * makes it easier to do without a debate.
 *
 * | | at 0.0 | at 0.5 | at 1.0 |
 * |---|---|---|---|
 * | most disagreement | 0.5 | 0.25 | 0 |
 * | least margin | 0.5 | 0.75 | 1 |
 * | least confidence | 0.6 | 0.75 | 0.9 |
 *
 * @param thoroughness - 0 to 1
 */
export function gateFor(thoroughness: number): Gate {
  return {
    disagreementMax: sixDecimals(0.5 * (1 - thoroughness)),
    marginMin: sixDecimals(0.5 + 0.5 * thoroughness),
    confidenceMin: sixDecimals(0.6 + 0.3 * thoroughness),
    confidenceAsk: confidenceAskDefault,
    statedMin: statedMinDefault,
    askedWay: 'debate',
  };
}
