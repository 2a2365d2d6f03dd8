/**
 * What one model call used. A field that the provider did not report is `null`: unknown is never 0.
 * `inputTokens` includes `cachedTokens`.
 */
export interface Usage {
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
}

/** The usage of a call whose provider said nothing about it. */
export const unknownUsage: Usage = { inputTokens: null, cachedTokens: null, outputTokens: null };

/** The usage of no call at all. */
export const noUsage: Usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };

/**
 * Adds the usage of two calls, for instance of a reply and of its repair.
 *
 * @param one - usage of the first call
 * @param other - usage of the second call
 * @returns the sum per field; a field unknown on either side is unknown in the sum
 */
export function addUsage(one: Usage, other: Usage): Usage {
  return {
    inputTokens: addKnown(one.inputTokens, other.inputTokens),
    cachedTokens: addKnown(one.cachedTokens, other.cachedTokens),
    outputTokens: addKnown(one.outputTokens, other.outputTokens),
  };
}

/**
 * Says how many tokens count against a token budget.
 *
 * @returns input and output tokens together, or `null` when either is unknown
 */
export function totalTokens(usage: Usage): number | null {
  return addKnown(usage.inputTokens, usage.outputTokens);
}

function addKnown(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}
