import { z } from '@hono/zod-openapi';

import { collaborationIdPattern } from '../collaboration-id.ts';

/** Path of everything about one collaboration. An id of another shape is unknown, not malformed. */
export const collaborationParams = z.object({
  id: z
    .string()
    .openapi({ param: { name: 'id', in: 'path' }, example: 'c_01kajqpm9fh3gd8vmxq5ze2rtw' }),
});

/** Whether a text can be the id of a collaboration at all. */
export function isCollaborationId(id: string): boolean {
  return collaborationIdPattern.test(id);
}

const keyExpected = '1 to 255 visible ASCII characters';

/** Header that makes a request safe to repeat. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, { error: keyExpected })
    .optional()
    .openapi({ description: 'Makes the request safe to repeat: the same key is done once.' }),
});

/** A number in a query; both bounds are allowed. */
export function queryInteger(bounds: { from: number; to: number }): z.ZodType<number, string> {
  const error = `a whole number from ${bounds.from} to ${bounds.to}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, { error })
    .transform(Number)
    .refine((value) => value >= bounds.from && value <= bounds.to, { error })
    .openapi({ type: 'integer', minimum: bounds.from, maximum: bounds.to });
}

/** Where a page of a list begins. */
export function queryCursor(): z.ZodType<string, string> {
  return z.string().openapi({ description: 'The `next` of the page before.' });
}

/** Yes or no in a query. */
export function queryFlag(): z.ZodType<boolean, string> {
  return z.enum(['true', 'false'], { error: 'true or false' }).transform((text) => text === 'true');
}

/** A moment in a query, given on in UTC: databases know fewer offsets than RFC 3339, and no year 0. */
export function queryTime(): z.ZodType<string, string> {
  const error = 'a moment as RFC 3339 from the year 1 on, for instance 2026-11-21T09:00:00Z';
  return z.iso
    .datetime({ offset: true, error, abort: true })
    .transform((text) => new Date(text).toISOString())
    .refine((utc) => /^(?!0000)\d{4}-/.test(utc), { error })
    .openapi({ type: 'string', format: 'date-time' });
}
