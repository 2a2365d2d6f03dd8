/** A value as it comes back from JSON: without what is undefined. */
export function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
