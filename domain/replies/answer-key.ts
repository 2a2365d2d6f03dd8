import type { Sha256 } from '../ledger/event.ts';
import { answerKey as comparable } from '../protocols/grouping.ts';

const HEX_DIGITS = 12;

/**
 * Gives the short key under which an open answer is counted.
 *
 * Mode `model` compares as `normalised`; the chair's merges come on top.
 *
 * @returns `a` and the first 12 hexadecimal digits of the SHA-256 of the answer as it is compared
 */
export function answerKey(
  answer: string,
  mode: 'exact' | 'normalised' | 'model',
  sha256: Sha256,
): string {
  const compared = comparable(answer, mode === 'exact' ? 'exact' : 'normalised');
  return `a${sha256(compared).slice(0, HEX_DIGITS)}`;
}
