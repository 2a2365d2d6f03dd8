import { createRoute, z } from '@hono/zod-openapi';

import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { answers } from '../routes.ts';

const keySchema = z
  .object({
    keyId: z.string(),
    algorithm: z.literal('Ed25519'),
    pem: z.string().openapi({ description: 'SPKI.' }),
    raw: z.string().openapi({ description: 'The 32 bytes, base64.' }),
  })
  .openapi('SigningKey');

const route = createRoute({
  method: 'get',
  path: '/v1/signing-keys',
  operationId: 'listSigningKeys',
  summary: 'Show the public keys with which records are signed',
  description: 'Keep them: with them a record verifies without this service.',
  security: [],
  responses: { 200: answers('The keys.', z.object({ keys: z.array(keySchema) })) },
});

/** Adds the route that publishes the keys; it needs no API key. */
export function addSigningKeys(api: Api, deps: Pick<ApiDeps, 'signingKeys'>): void {
  api.openapi(route, (c) => c.json({ keys: [...deps.signingKeys] }, 200));
}
