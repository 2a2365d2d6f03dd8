import { createRoute, z } from '@hono/zod-openapi';

import { testedType } from '../../domain/webhooks/notice.ts';
import { deliveryStates, redeliveredMax } from '../../infra/stores/delivery-store.ts';
import type { Delivery } from '../../infra/stores/delivery-store.ts';
import type { Webhook } from '../../infra/stores/webhook-store.ts';
import { createOrderedId } from '../collaboration-id.ts';
import type { Api } from '../context.ts';
import { cursorInvalid } from '../list-cursor.ts';
import { cut, pageOf } from '../page.ts';
import type { ApiDeps } from '../ports.ts';
import { notFound, Problem } from '../problem.ts';
import { answers, keyedProblems } from '../routes.ts';
import { queryCursor, queryInteger } from '../schemas/parameters.ts';
import { deliveryPageSchema, deliverySchema } from '../schemas/webhook.ts';
import { findWebhook, webhookParams } from './webhooks.ts';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;

/** No delivery has another. */
const idPattern = /^msg_[\w.-]{1,200}$/;
/** A place in the list, as the store numbers it. */
const ordinalPattern = /^[1-9]\d{0,17}$/;

const deliveryParams = webhookParams.extend({
  delivery: z.string().openapi({
    param: { name: 'delivery', in: 'path' },
    example: 'msg_c_01kajqpm9fh3gd8vmxq5ze2rtw_7',
  }),
});

/** Of what is to be sent: to a webhook that is not there, or off. */
const refusals = keyedProblems('not-found', 'webhook-off');

const testRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{webhook}/test',
  operationId: 'testWebhook',
  summary: 'Send a notice that tells of nothing',
  description: `Its type is \`${testedType}\`, which every webhook gets. It is tried, signed and listed like any other.`,
  request: { params: webhookParams },
  responses: {
    202: answers('It will be sent at once.', deliverySchema),
    ...refusals,
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks/{webhook}/deliveries',
  operationId: 'listWebhookDeliveries',
  summary: 'List what was sent, waits or has died, newest first',
  description: 'Delivered ones are kept for 3 days after their end, dead ones for 30.',
  request: {
    params: webhookParams,
    query: z.strictObject({
      state: z.enum(deliveryStates, { error: `one of ${deliveryStates.join(', ')}` }).optional(),
      cursor: queryCursor().optional(),
      limit: queryInteger({ from: 1, to: LIMIT_MAX }).optional(),
    }),
  },
  responses: {
    200: answers('A page.', deliveryPageSchema),
    ...keyedProblems('not-found', 'cursor-invalid'),
  },
});

const getRoute = createRoute({
  method: 'get',
  path: '/v1/webhooks/{webhook}/deliveries/{delivery}',
  operationId: 'getWebhookDelivery',
  summary: 'Show a delivery',
  request: { params: deliveryParams },
  responses: { 200: answers('The delivery.', deliverySchema), ...keyedProblems('not-found') },
});

const redeliverRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{webhook}/deliveries/{delivery}/redelivery',
  operationId: 'redeliver',
  summary: 'Send a dead or delivered notice again',
  description: 'Under the same `webhook-id`, with all its tries. One that waits is left as it is.',
  request: { params: deliveryParams },
  responses: {
    202: answers('It is on its way.', deliverySchema),
    ...refusals,
  },
});

const redeliverDeadRoute = createRoute({
  method: 'post',
  path: '/v1/webhooks/{webhook}/redelivery',
  operationId: 'redeliverDead',
  summary: 'Send all dead notices again',
  description: `The oldest ${redeliveredMax} at a time: ask again while that many are answered.`,
  request: { params: webhookParams },
  responses: {
    202: answers('They are on their way.', z.object({ redelivered: z.int() })),
    ...refusals,
  },
});

/** Adds the routes for what is sent to a webhook. */
export function addWebhookDeliveries(api: Api, deps: ApiDeps): void {
  api.openapi(testRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id: webhookId } = await findActive(deps, tenantId, c.req.valid('param').webhook);
    const test = { id: createOrderedId('msg_test_', deps.now()), type: testedType };
    const delivery = await deps.deliveries.addTest({ tenantId, webhookId }, test);
    return c.json(deliveryView(webhookId, delivery), 202);
  });
  api.openapi(listRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id: webhookId } = await findWebhook(deps, tenantId, c.req.valid('param').webhook);
    const { cursor, state, limit = LIMIT_DEFAULT } = c.req.valid('query');
    const found = await deps.deliveries.list({
      ...{ tenantId, webhookId, limit: limit + 1 },
      ...(state !== undefined && { state }),
      ...(cursor !== undefined && { beforeOrdinal: ordinalIn(cursor) }),
    });
    const { items, value } = cut(found, limit, ({ ordinal }) => cursorAt(ordinal));
    const views = items.map((delivery) => deliveryView(webhookId, delivery));
    return c.json(pageOf(c.req.url, views, { parameter: 'cursor', value }), 200);
  });
  api.openapi(getRoute, async (c) => {
    const { webhook, delivery: id } = c.req.valid('param');
    const tenantId = c.get('tenantId');
    const { id: webhookId } = await findWebhook(deps, tenantId, webhook);
    const isPossible = idPattern.test(id);
    const delivery = isPossible && (await deps.deliveries.get({ tenantId, webhookId }, id));
    return c.json(deliveryView(webhookId, foundAs(id, delivery)), 200);
  });
  addRedelivery(api, deps);
}

function addRedelivery(api: Api, deps: ApiDeps): void {
  api.openapi(redeliverRoute, async (c) => {
    const { webhook, delivery: id } = c.req.valid('param');
    const tenantId = c.get('tenantId');
    const { id: webhookId } = await findActive(deps, tenantId, webhook);
    const isPossible = idPattern.test(id);
    const delivery = isPossible && (await deps.deliveries.redeliver({ tenantId, webhookId }, id));
    return c.json(deliveryView(webhookId, foundAs(id, delivery)), 202);
  });
  api.openapi(redeliverDeadRoute, async (c) => {
    const tenantId = c.get('tenantId');
    const { id: webhookId } = await findActive(deps, tenantId, c.req.valid('param').webhook);
    const redelivered = await deps.deliveries.redeliverDead({ tenantId, webhookId });
    return c.json({ redelivered }, 202);
  });
}

async function findActive(deps: ApiDeps, tenantId: string, id: string): Promise<Webhook> {
  const webhook = await findWebhook(deps, tenantId, id);
  if (webhook.state === 'active') return webhook;
  throw new Problem('webhook-off', {
    detail: `Webhook ${webhook.id} is off since ${webhook.stateSince}; POST /v1/webhooks/${webhook.id}/activation switches it on.`,
    errors: [{ field: 'state', got: webhook.state, expected: 'active' }],
  });
}

function foundAs(id: string, delivery: Delivery | undefined | false): Delivery {
  if (delivery === undefined || delivery === false) throw notFound('delivery', id);
  return delivery;
}

function deliveryView(webhookId: string, delivery: Delivery): z.input<typeof deliverySchema> {
  const { id, type, state, tries, event, createdAt, nextTryAt, endedAt, last } = delivery;
  const webhook = `/v1/webhooks/${webhookId}`;
  const self = `${webhook}/deliveries/${id}`;
  return {
    ...{ id, type, state, tries, createdAt, nextTryAt, endedAt, last },
    event: event && { collaboration: event.stream, seq: event.seq },
    links: { self, redelivery: `${self}/redelivery`, webhook },
  };
}

function cursorAt(ordinal: string): string {
  return Buffer.from(ordinal, 'utf8').toString('base64url');
}

function ordinalIn(cursor: string): string {
  const ordinal = Buffer.from(cursor, 'base64url').toString('utf8');
  if (ordinalPattern.test(ordinal) && cursorAt(ordinal) === cursor) return ordinal;
  throw cursorInvalid(cursor);
}
