import { z } from '@hono/zod-openapi';

/** Shape of every error (RFC 9457, `application/problem+json`). */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'urn:conclave:problem:input-invalid' }),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable; programs decide by it.' }),
    detail: z.string(),
    errors: z.array(
      z.object({
        field: z.string().openapi({ example: 'participants[1].weight' }),
        got: z.string(),
        expected: z.string(),
      }),
    ),
    requestId: z.string(),
  })
  .openapi('Problem');
