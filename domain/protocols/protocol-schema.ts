import { z } from 'zod';

const weightsBy = z
  .enum(['given', 'record'])
  .describe('Weights of the request, or those that the records of the models earn.');

/**
 * Checks a protocol that came from outside; unknown fields are refused.
 *
 * `ranked` is Schulze's method and `supermajority` two thirds unless stated. What depends on the panel
 * (a quorum within the number of seats, a judge who is there) is told by `protocolFault`.
 */
export const protocolSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plurality') }).readonly(),
  z
    .strictObject({
      kind: z.literal('weighted'),
      by: weightsBy.exactOptional(),
    })
    .readonly(),
  z.strictObject({ kind: z.literal('approval') }).readonly(),
  z
    .strictObject({
      kind: z.literal('ranked'),
      method: z.enum(['schulze', 'instant-runoff']).default('schulze'),
      by: weightsBy.exactOptional(),
    })
    .readonly(),
  z
    .strictObject({
      kind: z.literal('quorum'),
      required: z.int().min(1),
      veto: z.boolean().exactOptional(),
    })
    .readonly(),
  z
    .strictObject({
      kind: z.literal('supermajority'),
      share: z
        .number()
        .min(0.5)
        .max(1)
        .default(2 / 3),
      of: z.enum(['cast', 'seats']).exactOptional(),
    })
    .readonly(),
  z.strictObject({ kind: z.literal('unanimity') }).readonly(),
  z.strictObject({ kind: z.literal('judge'), judge: z.string().min(1).exactOptional() }).readonly(),
]);
