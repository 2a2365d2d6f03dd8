import { z } from 'zod';
import { tokensLimit, usdLimit } from '../budget/limits-schema.ts';
import { maybe, onlyKnown } from '../fields.ts';

import { parseDeadline } from '../planning/duration.ts';

/** What somebody wants of a fork; everything that is not given stays as it was in the origin at that moment. */
export interface ForkAsked {
  /** Goes on after the event with this number. */
  readonly seq?: number;
  /** Goes on from this time: RFC 3339, UTC. */
  readonly at?: string;
  readonly rounds?: number;
  /** New limits; one that is left out stays. */
  readonly budget?: { readonly tokens?: number; readonly usd?: number };
  /** ISO 8601 duration, from the fork's start. */
  readonly deadline?: string;
  readonly stopOnStability?: boolean;
  /** Whether it waits for a person before it asks anybody. */
  readonly paused?: boolean;
}

const seqMax = 2_147_483_647;

const seqError = { error: 'the number of an event, a whole number from 1 on' };
const atError = 'a moment as RFC 3339, for instance 2026-11-21T09:00:00Z';
const roundsError = { error: 'a whole number from 1 to 5' };
const deadlineError =
  'an ISO 8601 duration from PT1S to P30D in weeks, days, hours, minutes and seconds, for instance PT10M';
const flagError = { error: 'true or false' };

const budget = z
  .strictObject(
    {
      tokens: maybe(tokensLimit),
      usd: maybe(usdLimit),
    },
    { error: 'tokens, usd or both' },
  )
  .refine((limits) => Object.keys(limits).length > 0, { error: 'tokens, usd or both' })
  .meta({ minProperties: 1 });

/** Checks the wishes for a fork as they come from outside; unknown fields are refused. What depends on the origin is told by `forkOf`. */
export const forkSchema = z.strictObject(
  {
    seq: maybe(
      z
        .int(seqError)
        .min(1, seqError)
        .max(seqMax, seqError)
        .describe(
          'Goes on after the event with this number; from the last moment before the verdict where neither this nor `at` is given.',
        ),
    ),
    at: maybe(
      z.iso
        .datetime({ offset: true, error: atError })
        .describe('Goes on from this time. RFC 3339.'),
    ),
    rounds: maybe(
      z
        .int(roundsError)
        .min(1, roundsError)
        .max(5, roundsError)
        .describe('Most rounds, those that are taken over included.'),
    ),
    budget: maybe(
      budget.describe(
        'New limits, for what is new; a limit that is left out is that of the moment.',
      ),
    ),
    deadline: maybe(
      z
        .string({ error: deadlineError })
        .refine((value) => parseDeadline(value) !== null, { error: deadlineError })
        .describe('Time for the whole fork, an ISO 8601 duration from its own start on.'),
    ),
    stopOnStability: maybe(
      z.boolean(flagError).describe('Ends a debate when nobody changed position in a round.'),
    ),
    paused: maybe(
      z
        .boolean(flagError)
        .describe('Waits until it is resumed, so that a message or participant can come first.'),
    ),
  },
  {
    error: onlyKnown(['seq', 'at', 'rounds', 'budget', 'deadline', 'stopOnStability', 'paused']),
  },
);
