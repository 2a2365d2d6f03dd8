import type { Price } from './agent.ts';
import type { Usage } from './usage.ts';

/**
 * Says what a call cost.
 *
 * Cached tokens are part of the input and have their own price; a provider that reports more cached
 * than input tokens is read as if all input was cached.
 *
 * @param usage - what the call used
 * @param price - price of the model; `null` where it is unknown
 * @returns micro-dollars, rounded up to a whole one; `null` where the price or a count that matters is unknown
 */
export function costOf(usage: Usage, price: Price | null): number | null {
  const { inputTokens, outputTokens } = usage;
  if (price === null || inputTokens === null || outputTokens === null) return null;
  const { inputMicrosUsdPerMillion: input, cachedMicrosUsdPerMillion: cached } = price;
  // Where both prices are the same it does not matter how much was cached.
  const reported = usage.cachedTokens ?? (cached === input || inputTokens === 0 ? 0 : null);
  if (reported === null) return null;
  const cachedTokens = Math.min(reported, inputTokens);
  const perMillion =
    (inputTokens - cachedTokens) * input +
    cachedTokens * cached +
    outputTokens * price.outputMicrosUsdPerMillion;
  return Math.ceil(perMillion / 1_000_000);
}

/**
 * Writes micro-dollars for a person.
 *
 * @param micros - whole micro-dollars; `null` where unknown
 * @returns dollars with two to six decimals, for instance `$0.50` and `$0.000125`; `unknown` for `null`
 */
export function formatUsd(micros: number | null): string {
  if (micros === null) return 'unknown';
  const dollars = (Math.abs(micros) / 1_000_000).toFixed(6).replace(/0{1,4}$/, '');
  return `${micros < 0 ? '-' : ''}$${dollars}`;
}

/**
 * Turns micro-dollars into dollars.
 *
 * @param micros - whole micro-dollars; `null` where unknown
 * @returns dollars with up to six decimals; `null` for `null`
 */
export function usdOf(micros: number | null): number | null {
  return micros === null ? null : micros / 1_000_000;
}

/**
 * Turns dollars into micro-dollars.
 *
 * @param usd - dollars with up to six decimals
 * @returns whole micro-dollars
 */
export function microsOf(usd: number): number {
  return Math.round(usd * 1_000_000);
}
