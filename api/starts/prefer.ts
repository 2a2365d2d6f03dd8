import { z } from '@hono/zod-openapi';

import { shown } from '../../domain/planning/fault.ts';
import { invalidRequest } from '../routes.ts';
import { idempotencyHeaders } from '../schemas/parameters.ts';

/** Longest wait that a caller may ask for, seconds. */
const waitSecondsMax = 120;

/** Headers of every start. */
export const startHeaders = idempotencyHeaders.extend({
  prefer: z
    .string()
    .optional()
    .openapi({ description: `\`wait=60\`: wait for the end, 1 to ${waitSecondsMax} seconds.` }),
});

/**
 * Reads the wait out of a `Prefer` header. Source: RFC 7240, section 4.3; other preferences are ignored.
 *
 * @param header - as it came; `undefined` for none
 * @returns seconds; `undefined` when no wait is asked for
 * @throws `Problem` `input-invalid` for a wait that is no number from 1 to 120
 */
export function waitSecondsOf(header: string | undefined): number | undefined {
  const preferences = (header ?? '').split(/[,;]/).map((text) => text.trim().toLowerCase());
  const wait = preferences.find((preference) => /^wait\s*=/.test(preference));
  if (wait === undefined) return undefined;
  const text = wait
    .slice(wait.indexOf('=') + 1)
    .trim()
    .replace(/^"(.*)"$/, '$1');
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= waitSecondsMax) return seconds;
  const expected = `wait=<seconds>, a whole number from 1 to ${waitSecondsMax}`;
  throw invalidRequest([{ field: 'Prefer', got: shown(text), expected }]);
}
