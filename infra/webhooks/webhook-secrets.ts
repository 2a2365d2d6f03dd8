import { createHmac, randomBytes } from 'node:crypto';

import { openSecretBox } from '../secret-box.ts';

/** Form of a secret in Standard Webhooks: a prefix, then the key's bytes as base64. */
const prefix = 'whsec_';
/** The specification wants 24 to 64. */
const secretBytes = 24;

/** Which webhook a secret belongs to. */
export interface WebhookPlace {
  readonly tenantId: string;
  readonly webhookId: string;
}

/** Makes the secrets of webhooks and opens them again. */
export interface WebhookSecrets {
  /** Draws a secret, and seals it for the place where it will be kept. */
  create(place: WebhookPlace): { readonly secret: string; readonly sealed: Buffer };
  /** Opens a secret; undefined when it was sealed under another signing key. */
  open(sealed: Uint8Array, place: WebhookPlace): string | undefined;
}

/**
 * Opens the secrets of a house.
 *
 * @param signingKey - path of its signing key, or its PEM
 */
export async function openWebhookSecrets(signingKey: string): Promise<WebhookSecrets> {
  const box = await openSecretBox(signingKey, 'webhook secrets');
  return {
    create: (place) => {
      const secret = `${prefix}${randomBytes(secretBytes).toString('base64')}`;
      return { secret, sealed: box.seal(secret, placeName(place)) };
    },
    open: (sealed, place) => box.open(sealed, placeName(place)),
  };
}

/** What is signed of a delivery. */
export interface SignedContent {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * Makes the header `webhook-signature` of Standard Webhooks (https://www.standardwebhooks.com): for each secret `v1,` and
 * the base64 of HMAC-SHA256 over `id.timestamp.body`, separated by blanks.
 *
 * @param content - what is sent
 * @param secrets - all that are valid now, newest first
 */
export function signatureOf(content: SignedContent, secrets: readonly string[]): string {
  const text = `${content.id}.${String(content.timestamp)}.${content.body}`;
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(prefix.length), 'base64');
      return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
    })
    .join(' ');
}

function placeName({ tenantId, webhookId }: WebhookPlace): string {
  return `${tenantId}/${webhookId}`;
}
