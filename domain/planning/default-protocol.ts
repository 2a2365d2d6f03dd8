import type { CollaborationRequest } from '../collaboration/request.ts';
import type { Protocol } from '../protocols/protocol.ts';

/** With fewer options a ranking says no more than its first place. */
const rankedFrom = 3;

/**
 * Names the protocol of a request that names none: the one that the evaluation found right most often for its tokens
 * (`docs/decision-quality.md`).
 *
 * - Weights that are given are meant to count: `weighted`.
 * - Of three options or more each seat ranks them, counted by Schulze's method; of two it names one. Seats weigh by record.
 * - Open questions, which the evaluation does not know: `plurality`.
 */
export function usualProtocol({
  options,
  participants = [],
}: Pick<CollaborationRequest, 'options' | 'participants'>): Protocol {
  const weights = participants.map((one) => (typeof one === 'string' ? 1 : (one.weight ?? 1)));
  if (weights.some((weight) => weight !== 1)) return { kind: 'weighted' };
  if (options === undefined) return { kind: 'plurality' };
  return options.length < rankedFrom
    ? { kind: 'weighted', by: 'record' }
    : { kind: 'ranked', method: 'schulze', by: 'record' };
}
