import { expect, test } from '@jest/globals';

import { createApp } from '../../api/app.ts';
import type { Delivery } from '../../infra/stores/delivery-store.ts';
import { createHouse, keys } from './fake-house.ts';

const headers = { authorization: `Bearer ${keys.a}` };
const at = '2026-11-21T09:00:00.000Z';
const id = 'wh_01kajqpm9fh3gd8vmxq5ze2rtw';

const deliveryAt = (ordinal: number): Delivery => ({
  ...{ id: `msg_c_1_${String(ordinal)}`, type: 't', state: 'delivered', tries: 1, event: null },
  ...{ createdAt: at, nextTryAt: null, endedAt: at, last: null, ordinal: String(ordinal) },
});

/** An application with one webhook, which is off, and so many deliveries to it. */
function appWith({ deliveries = 0 } = {}) {
  const { deps } = createHouse();
  const newestFirst = Array.from({ length: deliveries }, (_, index) =>
    deliveryAt(deliveries - index),
  );
  const webhook = {
    ...{ id, url: 'http://127.0.0.1:9/', events: ['*'], description: null, failures: 1 },
    ...{ state: 'off' as const, stateSince: at, createdAt: at },
    previousSecretUntil: null,
  };
  const { api } = createApp({
    ...deps,
    webhooks: {
      ...deps.webhooks,
      get: () => Promise.resolve(webhook),
      activate: () => Promise.resolve({ ...webhook, state: 'active' }),
    },
    deliveries: {
      ...deps.deliveries,
      list: ({ limit, beforeOrdinal = '999' }) => {
        const before = ({ ordinal }: Delivery): boolean => Number(ordinal) < Number(beforeOrdinal);
        return Promise.resolve(newestFirst.filter(before).slice(0, limit));
      },
    },
  });
  return api;
}

test('whoever asks for a test of a webhook that is off is told the request that switches it on', async () => {
  const api = appWith();

  const refused = await api.request(`/v1/webhooks/${id}/test`, { method: 'POST', headers });
  const { code, detail } = (await refused.json()) as { code: string; detail: string };
  const path = /POST (\S+) switches it on/.exec(detail)?.[1] ?? detail;
  const switched = await api.request(path, { method: 'POST', headers });

  expect(code).toBe('webhook-off');
  expect(switched.status).toBe(200);
  expect(await switched.json()).toMatchObject({ id, state: 'active' });
});

test('deliveries are listed page by page, each once', async () => {
  const api = appWith({ deliveries: 5 });
  const seen: string[] = [];
  const sizes: number[] = [];
  let path: string | undefined = `/v1/webhooks/${id}/deliveries?limit=2`;

  while (path !== undefined) {
    const answer: Response = await api.request(path, { headers });
    const page = (await answer.json()) as { items: Delivery[]; links: { next?: string } };
    seen.push(...page.items.map((delivery) => delivery.id));
    sizes.push(page.items.length);
    path = page.links.next;
  }

  expect(seen).toEqual([5, 4, 3, 2, 1].map((ordinal) => `msg_c_1_${String(ordinal)}`));
  expect(sizes).toEqual([2, 2, 1]);
});
