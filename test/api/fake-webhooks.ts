import type { ApiDeps } from '../../api/ports.ts';
import type { Delivery } from '../../infra/stores/delivery-store.ts';
import { webhooksMax } from '../../infra/stores/webhook-store.ts';
import type { Webhook } from '../../infra/stores/webhook-store.ts';
import { webhookHosts } from '../../domain/webhooks/webhook-hosts.ts';

const at = '2026-11-21T09:00:00.000Z';

type WebhookDeps = Pick<
  ApiDeps,
  'webhooks' | 'deliveries' | 'webhookSecrets' | 'judgeWebhookHost' | 'webhookBacklog'
>;

/** Keeps webhooks in memory, and of deliveries the tests only; nothing is ever sent. No two secrets are alike. */
export function createFakeWebhooks(): WebhookDeps {
  const kept = new Map<string, Webhook>();
  const tests = new Map<string, Delivery>();
  let secrets = 0;
  const change = (key: string, changes: Partial<Webhook>): Promise<Webhook | undefined> => {
    const found = kept.get(key);
    if (found !== undefined) kept.set(key, { ...found, ...changes });
    return Promise.resolve(kept.get(key));
  };
  const ofTenant = (tenantId: string): Webhook[] =>
    [...kept].filter(([key]) => key.startsWith(`${tenantId}/`)).map(([, webhook]) => webhook);
  return {
    webhooks: {
      add: ({ tenantId, id, url, events, description }) => {
        if (ofTenant(tenantId).length >= webhooksMax) return Promise.resolve(undefined);
        const known = { id, url, events, description, failures: 0, previousSecretUntil: null };
        const webhook: Webhook = { ...known, state: 'active', stateSince: at, createdAt: at };
        kept.set(`${tenantId}/${id}`, webhook);
        return Promise.resolve(webhook);
      },
      get: (tenantId, id) => Promise.resolve(kept.get(`${tenantId}/${id}`)),
      list: (tenantId) => Promise.resolve(ofTenant(tenantId)),
      remove: (tenantId, id) => Promise.resolve(kept.delete(`${tenantId}/${id}`)),
      activate: (tenantId, id) => change(`${tenantId}/${id}`, { state: 'active' }),
      renewSecret: ({ tenantId, id }) => change(`${tenantId}/${id}`, { previousSecretUntil: at }),
    },
    deliveries: {
      list: () => Promise.resolve([]),
      get: (_webhook, id) => Promise.resolve(tests.get(id)),
      addTest: (_webhook, { id, type }) => {
        const none = { event: null, nextTryAt: at, endedAt: null, last: null, ordinal: '1' };
        const delivery: Delivery = {
          ...{ id, type, tries: 0, createdAt: at, ...none },
          state: 'pending',
        };
        tests.set(id, delivery);
        return Promise.resolve(delivery);
      },
      redeliver: (_webhook, id) => Promise.resolve(tests.get(id)),
      redeliverDead: () => Promise.resolve(0),
    },
    webhookSecrets: {
      create: () => {
        secrets += 1;
        const sealed = Buffer.from(`secret ${String(secrets)}`);
        return { secret: `whsec_${sealed.toString('base64')}`, sealed };
      },
    },
    judgeWebhookHost: webhookHosts({ hosts: ['hooks.example'], loopback: true }),
    webhookBacklog: () => Promise.resolve({ pending: 3, dead: 2, overdueSeconds: 1.5 }),
  };
}
