/**
 * What stands between a program and the machine, each by itself. Every one is always on; the tests take one away at a
 * time and show that a probe notices.
 */
export const protections = [
  'seccomp',
  'capabilities-dropped',
  'user-namespace-locked',
  'network-namespace',
  'process-namespace',
  'ipc-namespace',
  'own-session',
  'own-host-name',
  'own-settings',
  'own-devices',
  'clean-environment',
  'quiet-npm',
  'private-uid',
  'closed-descriptors',
  'own-temporary-files',
  'read-only-root',
  'real-pipes',
  'link-checks',
  'dies-with-engine',
  'time-limit',
  'processor-limit',
  'memory-limit',
  'process-limit',
  'file-limit',
  'open-file-limit',
  'lock-limit',
  'core-limit',
  'disk-limit',
  'output-limit',
  'plain-artifacts',
  'closed-repository',
  'own-git',
] as const;

/** See {@link protections}. */
export type Protection = (typeof protections)[number];

/** Protections that are taken away: none, but in the tests that show what each is for. */
export type Without = ReadonlySet<Protection>;

/** Nothing is taken away. */
export const fullyProtected: Without = new Set();

/**
 * What a protection stands for, unless it is taken away.
 *
 * @param without - what is taken away
 * @param protection - which one
 * @param there - with it
 * @param taken - without it
 */
export function unless<Item>(
  without: Without,
  protection: Protection,
  there: readonly Item[],
  taken: readonly Item[] = [],
): readonly Item[] {
  return without.has(protection) ? taken : there;
}
