import { z } from '@hono/zod-openapi';

import { linksSchema } from './links.ts';

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
    items: z.array(eventSchema),
    next: z.int().nullable().openapi({
      description:
        'Hand it back as `after`; null when this is all so far. A run that goes on adds to it: then `after` is the `seq` of the last item.',
    }),
    links: linksSchema,
  })
  .openapi('EventPage');
