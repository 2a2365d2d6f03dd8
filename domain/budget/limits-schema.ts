import { z } from 'zod';

const tokens = { error: 'a whole number from 1 to 1,000,000,000,000' };
const usd = { error: 'dollars above 0, up to 10,000, with at most 6 decimals' };

/** Tokens that a run may use: a whole number from 1 to 10^12. */
export const tokensLimit = z.int(tokens).min(1, tokens).max(1_000_000_000_000, tokens);

/** Dollars that a run may cost: above 0, up to 10,000, exact to the micro-dollar. */
export const usdLimit = z
  .number(usd)
  .max(10_000, usd)
  .refine((value) => value > 0 && /^\d+(\.\d{1,6})?$/.test(String(value)), usd);
