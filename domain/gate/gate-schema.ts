import { z } from 'zod';
import { maybe, onlyKnown } from '../fields.ts';
import { gateWays } from './gate-terms.ts';

const shareError = { error: 'a number from 0 to 1' };

function share(describes: string) {
  return maybe(z.number(shareError).min(0, shareError).max(1, shareError).describe(describes));
}

const offError = { error: '"off"' };

/** A text, and not a literal, so that an object is told its own faults and not that it is another value. */
const off = z
  .string(offError)
  .regex(/^off$/, offError)
  .describe('No gate: the debate is held.') as unknown as z.ZodType<'off'>;

const thresholds = {
  disagreementMax: share(
    'Most disagreement with which the blind vote is enough: normalised entropy of the votes.',
  ),
  marginMin: share('Least lead over the next answer, as a share of the weight of all seats.'),
  confidenceMin: share('Least mean calibrated confidence of the leading side.'),
  confidenceAsk: share(
    'Where the votes agree, less confidence than this is a question for a person; at most `confidenceMin`.',
  ),
  statedMin: share('Least share of the leading side that says how sure it is.'),
  askedWay: maybe(
    z
      .enum(gateWays, { error: `one of ${gateWays.join(', ')}` })
      .describe('What happens where a person should look and nobody can be asked.'),
  ),
};

/** Checks the gate of a request: `"off"`, or an object of thresholds, none of which has to be given. */
export const gateSchema = z.union(
  [
    off,
    z
      .strictObject(thresholds, { error: onlyKnown(Object.keys(thresholds)) })
      .readonly()
      .describe('Thresholds of the gate.'),
  ],
  { error: '"off", or an object of thresholds' },
);
