import { differences } from '../ledger/difference.ts';

/** Whether two values say the same as JSON, whatever the order of their keys. */
export function isSameJson(one: unknown, other: unknown): boolean {
  return differences(one, other).length === 0;
}
