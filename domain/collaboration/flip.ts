import type { Choice } from '../protocols/protocol.ts';
import { optionsOf } from '../protocols/validity.ts';

/**
 * Whether a choice is another than the one before: another option, another first preference, or
 * another set of approved ones. Taking up a position after an abstention is no flip, nor is the reverse.
 * `merges` names keys that stand for the same answer, as a grouping found them.
 */
export function isFlip(
  before: Choice | null,
  after: Choice,
  merges: Readonly<Record<string, string>> = {},
): boolean {
  if (before === null || before.kind === 'abstain' || after.kind === 'abstain') return false;
  const held = heldBy(before, merges);
  const holds = heldBy(after, merges);
  return held.size !== holds.size || [...held].some((key) => !holds.has(key));
}

function heldBy(choice: Choice, merges: Readonly<Record<string, string>>): ReadonlySet<string> {
  const keys = optionsOf(choice).map((key) => (Object.hasOwn(merges, key) ? merges[key] : key));
  const counted = choice.kind === 'rank' ? keys.slice(0, 1) : keys;
  return new Set(counted.filter((key) => key !== undefined));
}
