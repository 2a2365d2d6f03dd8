/** Names a run's seats for each other: "Participant A", "Participant B" … by seeded shuffle. */
export function anonymousNames(
  _seed: string,
  _seats: readonly string[],
  _scope: string,
): ReadonlyMap<string, string> {
  throw new Error('not built yet');
}
