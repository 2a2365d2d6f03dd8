import { z } from '@hono/zod-openapi';

import { tokensLimit, usdLimit } from '../../domain/budget/limits-schema.ts';

const MESSAGE_MAX = 20_000;
const REASON_MAX = 500;

/** A text of a body, of 1 to so many characters, that a database can hold. */
export function text(max: number): z.ZodType<string> {
  const error = `a text of 1 to ${max} characters`;
  return z
    .string({ error })
    .min(1, { error, abort: true })
    .max(max, { error, abort: true })
    .refine((value) => value.trim() !== '', { error: `${error}, not only blanks` })
    .refine((value) => !/\0|\p{Surrogate}/u.test(value), {
      error: `${error}, without NUL and lone surrogates`,
    });
}

/** What every step answers. */
export const steeredSchema = z
  .object({
    id: z.string(),
    status: z.string().openapi({ example: 'paused' }),
    messageId: z.string().optional(),
    seat: z.string().optional(),
  })
  .openapi('Steered');

/** Body of a step that needs nothing. */
export const nothingBody = z.strictObject({});

/** Body of a cancellation. */
export const cancelBody = z.strictObject({
  reason: text(REASON_MAX).optional().openapi({ description: 'Kept in the ledger.' }),
});

/** Body of a closing. */
export const closeBody = z.strictObject({
  scope: z
    .enum(['round', 'run'], { error: 'round or run' })
    .optional()
    .openapi({ description: '`round` by default.' }),
});

/** Body of a message to the participants. */
export const messageBody = z.strictObject({ text: text(MESSAGE_MAX) });

const name = text(200);
const persona = text(64);
const weight = { error: 'a number above 0, up to 1,000' };

/** Body of another participant. */
export const participantBody = z.strictObject({
  agent: name,
  persona: persona.optional(),
  personas: z.array(persona, { error: 'a list of 1 to 10' }).min(1).max(10).optional(),
  weight: z.number(weight).gt(0, weight).max(1000, weight).optional(),
});

/** Body of new limits; a limit that is left out stays as it is. */
export const budgetBody = z
  .strictObject({
    tokens: tokensLimit.optional(),
    usd: usdLimit.optional(),
  })
  .refine((limits) => limits.tokens !== undefined || limits.usd !== undefined, {
    error: 'tokens, usd or both',
  })
  .meta({ minProperties: 1 });
