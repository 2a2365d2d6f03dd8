const VARIABLE_NAME = /^[A-Z][A-Z0-9_]{0,127}$/;

/** How the names of the project's own variables begin. */
export const OWN_PREFIX = 'CONCLAVE_';

/** What a list of variables holds: a name, or with `*` in front every name that ends so: `LLAMA_KEY`, `*_API_KEY`. */
export const LISTED_VARIABLE_PATTERN = /^(?:[A-Z][A-Z0-9_]{0,127}|\*_[A-Z0-9_]{1,126})$/;

/**
 * Says which variables an agent may name, for its key or for its program. A key is sent to the agent's host, and what a program
 * sees its tenant can read, so no other secret of the process may be named, and never one of ours.
 *
 * @param patterns - each as {@link LISTED_VARIABLE_PATTERN} has it
 */
export function listedVariables(patterns: readonly string[]): (name: string) => boolean {
  return (name) =>
    VARIABLE_NAME.test(name) &&
    !name.startsWith(OWN_PREFIX) &&
    patterns.some((pattern) =>
      pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern,
    );
}
