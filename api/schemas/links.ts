import { z } from '@hono/zod-openapi';

/** Where to go from a collaboration or a page; paths relative to this API. */
export const linksSchema = z.record(z.string(), z.string()).openapi('Links', {
  example: { self: '/v1/collaborations/c_…', events: '/v1/collaborations/c_…/events' },
});
