import type { CollaborationRequest } from '../collaboration/request.ts';
import type { Protocol } from '../protocols/protocol.ts';

/**
 * Names the protocol of a request that names none (`docs/decision-quality.md` has the figures).
 *
 * - Weights that are given are meant to count: `weighted`.
 * - A closed question is weighed by record. Without any record that is the plain majority, but for seats of one model.
 * - Open questions, which the evaluation does not know: `plurality`.
 */
export function usualProtocol({
  options,
  participants = [],
}: Pick<CollaborationRequest, 'options' | 'participants'>): Protocol {
  const weights = participants.map((one) => (typeof one === 'string' ? 1 : (one.weight ?? 1)));
  if (weights.some((weight) => weight !== 1)) return { kind: 'weighted' };
  return options === undefined ? { kind: 'plurality' } : { kind: 'weighted', by: 'record' };
}
