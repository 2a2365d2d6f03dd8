import { z } from '@hono/zod-openapi';

import { eventTypes } from '../../domain/ledger/event-types.ts';
import { deliveryStates } from '../../infra/stores/delivery-store.ts';
import { webhookStates } from '../../infra/stores/webhook-store.ts';
import { linksSchema } from './links.ts';

const URL_MAX = 2000;
const DESCRIPTION_MAX = 500;

const urlError = `an http or https URL without credentials and fragment, at most ${URL_MAX} characters`;
const everything = '*';
const typeError = `${everything} or a type of event: ${eventTypes.join(', ')}`;
const eventsError = `a list of 1 to ${eventTypes.length} different types of events, or ["${everything}"]`;
const descriptionError = `a text of 1 to ${DESCRIPTION_MAX} characters, without control characters`;

function isPlain(value: string): boolean {
  return !/[\p{Control}\p{Surrogate}]/u.test(value);
}

function isReceiver(value: string): boolean {
  if (!isPlain(value) || !URL.canParse(value)) return false;
  const url = new URL(value);
  const isBare = url.username + url.password + url.hash === '';
  return isBare && (url.protocol === 'https:' || url.protocol === 'http:');
}

/** Each type once, and the one that means all of them alone. */
function isSelection(types: readonly string[]): boolean {
  const isAll = types.includes(everything);
  return new Set(types).size === types.length && (!isAll || types.length === 1);
}

/** Body that registers a webhook. */
export const webhookBody = z
  .strictObject({
    url: z
      .string({ error: urlError })
      .max(URL_MAX, { error: urlError, abort: true })
      .refine(isReceiver, { error: urlError })
      .openapi({ description: 'Where notices are posted to.', example: 'https://hooks.example/c' }),
    events: z
      .array(z.enum([everything, ...eventTypes], { error: typeError }), { error: eventsError })
      .min(1, { error: eventsError })
      .max(eventTypes.length, { error: eventsError })
      .refine(isSelection, { error: eventsError })
      .openapi({ example: ['conclave.decision.sealed.v1'] }),
    description: z
      .string({ error: descriptionError })
      .min(1, { error: descriptionError })
      .max(DESCRIPTION_MAX, { error: descriptionError })
      .refine(isPlain, { error: descriptionError })
      .optional(),
  })
  .openapi('WebhookRegistration');

/** A webhook as it is shown. */
export const webhookSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    description: z.string().nullable(),
    state: z.enum(webhookStates).openapi({
      description:
        '`off`: its receiver answered 410, or failed for five days. Nothing is sent or kept for it until it is activated.',
    }),
    stateSince: z.string(),
    failures: z
      .int()
      .openapi({ description: 'Tries that failed since the last one that did not.' }),
    previousSecretUntil: z.string().nullable().openapi({
      description: 'Until then the secret before the present one signs too.',
    }),
    createdAt: z.string(),
    links: linksSchema,
  })
  .openapi('Webhook');

/** A webhook with its secret, which is shown this once. */
export const webhookWithSecretSchema = webhookSchema
  .extend({
    secret: z.string().openapi({
      description:
        'Key of the signatures, in the form of Standard Webhooks. It is never shown again.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    }),
  })
  .openapi('WebhookWithSecret');

/** All webhooks of a tenant. */
export const webhookListSchema = z.object({ items: z.array(webhookSchema) }).openapi('WebhookList');

/** A delivery as it is shown. */
export const deliverySchema = z
  .object({
    id: z.string().openapi({
      description: 'Comes as `webhook-id` with every try: drop what you have had already.',
      example: 'msg_c_01kajqpm9fh3gd8vmxq5ze2rtw_7',
    }),
    type: z.string(),
    state: z.enum(deliveryStates).openapi({
      description: '`dead`: every try has failed; it is sent again when that is asked for.',
    }),
    tries: z.int(),
    event: z
      .object({ collaboration: z.string(), seq: z.int() })
      .nullable()
      .openapi({ description: 'What it tells of; null for a test.' }),
    createdAt: z.string(),
    nextTryAt: z.string().nullable(),
    endedAt: z.string().nullable(),
    last: z
      .object({
        at: z.string(),
        tookMs: z.int(),
        status: z.int().nullable(),
        error: z.string().nullable().openapi({
          description:
            'Why there was no answer. `webhook-off`: it was tried no more, since its webhook was switched off.',
          example: 'timeout',
        }),
        answer: z
          .string()
          .nullable()
          .openapi({ description: 'The first 1,024 bytes of the body of the answer.' }),
      })
      .nullable()
      .openapi({
        description:
          'What the last try came to; null when it was not tried, or not since it was sent again.',
      }),
    links: linksSchema,
  })
  .openapi('WebhookDelivery');

/** A page of deliveries. */
export const deliveryPageSchema = z
  .object({
    items: z.array(deliverySchema),
    next: z.string().nullable().openapi({ description: 'Hand it back as `cursor`.' }),
    links: linksSchema,
  })
  .openapi('WebhookDeliveryPage');
