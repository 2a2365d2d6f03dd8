import { z } from '@hono/zod-openapi';

/** An event of the ledger, in CloudEvents shape. */
export const eventSchema = z
  .object({
    id: z.string(),
    type: z.string().openapi({ example: 'conclave.position.submitted.v1' }),
    source: z.string(),
    subject: z.string(),
    time: z.string(),
    data: z.looseObject({}),
    stream: z.string(),
    seq: z.int(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .openapi('Event');

/** A page of events. */
export const eventPageSchema = z
  .object({
    events: z.array(eventSchema),
    after: z.int().openapi({ description: 'Number of the last event of this page.' }),
    next: z.string().nullable().openapi({ description: 'Path of the next page; null at the end.' }),
  })
  .openapi('EventPage');
