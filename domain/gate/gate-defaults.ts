import { sixDecimals } from './disagreement.ts';
import type { Gate } from './gate-terms.ts';

/** A debate of less thoroughness than this has a gate unless the request says otherwise. */
export const gatedBelow = 0.4;

/** Where votes agree, less confidence than this is a question for a person: they hold themselves to be wrong rather than right. */
const confidenceAskDefault = 0.5;

/** Share of the leading side that has to have said how sure it is. */
const statedMinDefault = 0.5;

/**
 * Gives the thresholds of a thoroughness. More thoroughness never makes it easier to do without a debate.
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
