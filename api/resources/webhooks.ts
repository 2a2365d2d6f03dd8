import { createRoute, z } from '@hono/zod-openapi';

import { shown } from '../../domain/planning/fault.ts';
import { webhooksMax } from '../../infra/stores/webhook-store.ts';
import type { Webhook } from '../../infra/stores/webhook-store.ts';
import { createOrderedId } from '../collaboration-id.ts';
import type { Api } from '../context.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound, Problem } from '../problem.ts';
import { jsonBody } from '../request-body.ts';
import { answers, bodyProblems, invalidRequest, keyedProblems } from '../routes.ts';
import {
  webhookBody,
  webhookListSchema,
  webhookSchema,
  webhookWithSecretSchema,
} from '../schemas/webhook.ts';

const dayMs = 86_400_000;
const idPattern = /^wh_[0-9a-hjkmnp-tv-z]{26}$/;

/** Path of everything about one webhook. An id of another shape is unknown, not malformed. */
export const webhookParams = z.object({
  webhook: z
    .string()
    .openapi({ param: { name: 'webhook', in: 'path' }, example: 'wh_01kajqpm9fh3gd8vmxq5ze2rtw' }),
});

const registerRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks',
  operationId: 'registerWebhook',
  summary: 'Register a webhook',
  description:
    'Its URL is posted a signed notice of every event of these types, in the form of Standard Webhooks ' +
    '(https://www.standardwebhooks.com): at least once, in no promised order, from the next event on.',
  middleware: jsonBody(),
  request: { body: { content: { 'application/json': { schema: webhookBody } }, required: true } },
  responses: {
    201: answers('Registered. The secret is shown this once.', webhookWithSecretSchema),
    ...keyedProblems(...bodyProblems, 'host-not-allowed', 'webhooks-full'),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks',
  operationId: 'listWebhooks',
  summary: 'List the webhooks',
  responses: { 200: answers('In order of registration.', webhookListSchema), ...keyedProblems() },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks/{webhook}',
  operationId: 'getWebhook',
  summary: 'Show a webhook',
  request: { params: webhookParams },
  responses: { 200: answers('The webhook.', webhookSchema), ...keyedProblems('not-found') },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/v1/webhooks/{webhook}',
  operationId: 'removeWebhook',
  summary: 'Remove a webhook',
  description: 'What waits for it is not sent any more, and its deliveries are removed.',
  request: { params: webhookParams },
  responses: { 204: { description: 'Removed.' }, ...keyedProblems('not-found') },
});

const secretRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{webhook}/secret',
  operationId: 'renewWebhookSecret',
  summary: 'Replace the secret of a webhook',
  description:
    'For 24 hours every request carries two signatures, by the new secret and by the one before it. An even older one ends now.',
  request: { params: webhookParams },
  responses: {
    200: answers('Replaced. The secret is shown this once.', webhookWithSecretSchema),
    ...keyedProblems('not-found'),
  },
});

const activateRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{webhook}/activation',
  operationId: 'activateWebhook',
  summary: 'Switch a webhook on again',
  description:
    'After its receiver answered 410 or failed for five days. What happened meanwhile is not told; what had waited is dead and can be sent again.',
  request: { params: webhookParams },
  responses: { 200: answers('It is on.', webhookSchema), ...keyedProblems('not-found') },
});

/** Whether a text can be the id of a webhook at all. */
export function isWebhookId(id: string): boolean {
  return idPattern.test(id);
}

/**
 * Finds a tenant's webhook.
 *
 * @throws `Problem` `not-found`, also for another tenant's
 */
export async function findWebhook(
  deps: Pick<ApiDeps, 'webhooks'>,
  tenantId: string,
  id: string,
): Promise<Webhook> {
  return foundAs(id, isWebhookId(id) ? await deps.webhooks.get(tenantId, id) : undefined);
}

/** Adds the routes for the tenant's webhooks. */
export function addWebhooks(api: Api, deps: ApiDeps): void {
  api.openapi(registerRoute, async (c) => {
    const { url, events, description = null } = c.req.valid('json');
    refuseHost(deps, url);
    const tenantId = c.get('tenantId');
    const id = createOrderedId('wh_', deps.now());
    const { secret, sealed } = deps.webhookSecrets.create({ tenantId, webhookId: id });
    const input = { tenantId, id, url, events, description, secret: sealed };
    const webhook = await deps.webhooks.add(input);
    if (webhook === undefined) throw tooMany();
    c.header('Location', `/v1/webhooks/${id}`);
    return c.json({ ...webhookView(webhook), secret }, 201);
  });
  api.openapi(listRoute, async (c) => {
    const webhooks = await deps.webhooks.list(c.get('tenantId'));
    return c.json({ items: webhooks.map(webhookView) }, 200);
  });
  api.openapi(getRoute, async (c) => {
    const { webhook: id } = c.req.valid('param');
    return c.json(webhookView(await findWebhook(deps, c.get('tenantId'), id)), 200);
  });
  api.openapi(removeRoute, async (c) => {
    const { webhook: id } = c.req.valid('param');
    const isRemoved = isWebhookId(id) && (await deps.webhooks.remove(c.get('tenantId'), id));
    if (!isRemoved) throw notFound('webhook', id);
    return c.body(null, 204);
  });
  addChanges(api, deps);
}

function addChanges(api: Api, deps: ApiDeps): void {
  api.openapi(secretRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id } = await findWebhook(deps, tenantId, c.req.valid('param').webhook);
    const { secret, sealed } = deps.webhookSecrets.create({ tenantId, webhookId: id });
    const renewal = { tenantId, id, secret: sealed, overlapMs: dayMs };
    const webhook = foundAs(id, await deps.webhooks.renewSecret(renewal));
    return c.json({ ...webhookView(webhook), secret }, 200);
  });
  api.openapi(activateRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id } = await findWebhook(deps, tenantId, c.req.valid('param').webhook);
    return c.json(webhookView(foundAs(id, await deps.webhooks.activate(tenantId, id))), 200);
  });
}

function foundAs(id: string, webhook: Webhook | undefined): Webhook {
  if (webhook === undefined) throw notFound('webhook', id);
  return webhook;
}

function webhookView({ events, ...webhook }: Webhook): z.input<typeof webhookSchema> {
  const self = `/v1/webhooks/${webhook.id}`;
  const links = { self, deliveries: `${self}/deliveries`, test: `${self}/test` };
  return { ...webhook, events: [...events], links };
}

/** A notice goes out from our own network, so where it may go is decided by the configuration alone. */
function refuseHost(deps: Pick<ApiDeps, 'judgeWebhookHost'>, text: string): void {
  const url = new URL(text);
  const verdict = deps.judgeWebhookHost(url);
  if (verdict.ok) return;
  if (verdict.reason === 'not-https') {
    const expected = 'https; only this machine itself is called without it';
    throw invalidRequest([{ field: 'url', got: shown(url.protocol.slice(0, -1)), expected }]);
  }
  throw new Problem('host-not-allowed', {
    detail: `Webhooks on ${url.host} are not allowed; the list is CONCLAVE_WEBHOOK_HOSTS.`,
    errors: [{ field: 'url', got: url.host, expected: 'a host on the list of hosts of webhooks' }],
  });
}

function tooMany(): Problem {
  return new Problem('webhooks-full', {
    detail: `There are ${webhooksMax} webhooks already; remove one first.`,
    errors: [{ field: 'webhooks', got: `${webhooksMax + 1}`, expected: `at most ${webhooksMax}` }],
  });
}
