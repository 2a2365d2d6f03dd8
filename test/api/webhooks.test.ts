import { beforeEach, describe, expect, test } from '@jest/globals';

import { createHouse, keys } from './fake-house.ts';
import type { House } from './fake-house.ts';
import { problemIn } from './problem-body.ts';

const good = { url: 'http://127.0.0.1:9000/hook', events: ['conclave.decision.sealed.v1'] };

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly secret?: string;
  readonly links: Readonly<Record<string, string>>;
}

let house: House;

beforeEach(() => {
  house = createHouse();
});

async function register(body: object = good): Promise<Shown> {
  const response = await house.post('/v1/webhooks', body);
  expect(response.status).toBe(201);
  return (await response.json()) as Shown;
}

describe('a webhook', () => {
  test('is registered with a secret that is shown once', async () => {
    const response = await house.post('/v1/webhooks', { ...good, description: 'ours' });
    const made = (await response.json()) as Shown;
    const { secret, ...rest } = made;

    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/v1/webhooks/${made.id}`);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    expect(rest).toMatchObject({ ...good, description: 'ours', state: 'active' });
    expect(await (await house.request(rest.links['self'] ?? '')).json()).toEqual(rest);
    expect(await (await house.request('/v1/webhooks')).json()).toEqual({ items: [rest] });
  });

  test('gets a new secret, is tested and removed', async () => {
    const { links, secret } = await register();
    const self = links['self'] ?? '';

    const renewed = await house.request(`${self}/secret`, { method: 'POST' });
    const next = (await renewed.json()) as Shown;
    const tested = await house.request(`${self}/test`, { method: 'POST' });
    const removed = await house.request(self, { method: 'DELETE' });

    expect(renewed.status).toBe(200);
    expect(next).toMatchObject({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]+=*$/),
      previousSecretUntil: expect.any(String),
    });
    expect(next.secret).not.toBe(secret);
    expect(tested.status).toBe(202);
    expect(await tested.json()).toMatchObject({
      id: expect.stringMatching(/^msg_test_/),
      type: 'conclave.webhook.tested.v1',
      state: 'pending',
      event: null,
    });
    expect(removed.status).toBe(204);
    expect((await house.request(self)).status).toBe(404);
  });

  test('is one of at most 20', async () => {
    for (let count = 0; count < 20; count += 1) await register();

    const refusal = await problemIn(await house.post('/v1/webhooks', good));

    expect(refusal).toMatchObject({
      status: 409,
      code: 'webhooks-full',
      errors: [{ field: 'webhooks', got: '21', expected: 'at most 20' }],
    });
  });

  test('of another tenant is not there', async () => {
    const { links } = await register();

    for (const path of [links['self'], links['deliveries']]) {
      expect((await house.request(path ?? '', { key: keys.b })).status).toBe(404);
    }
  });
});

describe('a registration is refused for', () => {
  test.each([
    ['no url', { events: ['*'] }, 'url'],
    ['a url that is none', { ...good, url: 'hooks' }, 'url'],
    ['another scheme', { ...good, url: 'ftp://127.0.0.1/' }, 'url'],
    ['credentials in the url', { ...good, url: 'http://a:b@127.0.0.1/' }, 'url'],
    ['a fragment', { ...good, url: 'http://127.0.0.1/#x' }, 'url'],
    ['control characters', { ...good, url: 'http://127.0.0.1/\u0000' }, 'url'],
    ['too long a url', { ...good, url: `http://127.0.0.1/${'x'.repeat(2000)}` }, 'url'],
    ['http elsewhere', { ...good, url: 'http://hooks.example/' }, 'url'],
    ['no events', { url: good.url }, 'events'],
    ['an empty list', { ...good, events: [] }, 'events'],
    ['events that are no list', { ...good, events: '*' }, 'events'],
    ['an unknown type', { ...good, events: ['conclave.debate.won.v1'] }, 'events[0]'],
    ['the same type twice', { ...good, events: [...good.events, ...good.events] }, 'events'],
    ['all and one more', { ...good, events: ['*', ...good.events] }, 'events'],
    ['an empty description', { ...good, description: '' }, 'description'],
    ['too long a description', { ...good, description: 'x'.repeat(501) }, 'description'],
    ['a field that is unknown', { ...good, secret: 'mine' }, 'secret'],
  ])('%s', async (_, body, field) => {
    const refusal = await problemIn(await house.post('/v1/webhooks', body));

    expect(refusal).toMatchObject({ status: 422, code: 'input-invalid' });
    expect(refusal.errors.map((fault) => fault.field)).toContain(field);
    expect(refusal.errors.every(({ got, expected }) => got !== '' && expected !== '')).toBe(true);
  });

  test.each([
    'https://elsewhere.example/',
    'https://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'https://hooks.example.evil.example/',
    'http://0x7f.1.evil.example/',
  ])('the host of %s', async (url) => {
    const refusal = await problemIn(await house.post('/v1/webhooks', { ...good, url }));

    expect(refusal).toMatchObject({
      status: 422,
      code: 'host-not-allowed',
      errors: [{ field: 'url', got: new URL(url).host }],
    });
  });
});

describe('deliveries', () => {
  test.each([
    ['an unknown state', '?state=lost', 422, 'input-invalid'],
    ['a limit of nothing', '?limit=0', 422, 'input-invalid'],
    ['a limit beyond the bound', '?limit=201', 422, 'input-invalid'],
    ['an unknown parameter', '?page=2', 422, 'input-invalid'],
    ['a cursor that is none', '?cursor=abc', 400, 'cursor-invalid'],
    ['a cursor beyond all numbers', `?cursor=${btoa('9'.repeat(19))}`, 400, 'cursor-invalid'],
  ])('are not listed for %s', async (_, query, status, code) => {
    const { links } = await register();

    const response = await house.request(`${links['deliveries'] ?? ''}${query}`);

    expect(await problemIn(response)).toMatchObject({ status, code });
  });

  test.each(['wh_x', 'wh_01kajqpm9fh3gd8vmxq5ze2rtw', '%00', 'c_01kajqpm9fh3gd8vmxq5ze2rtw'])(
    'of an unknown webhook (%s) are not there',
    async (id) => {
      const paths = ['', '/deliveries', '/deliveries/msg_1'].map(
        (end) => `/v1/webhooks/${id}${end}`,
      );
      const steps = ['secret', 'test', 'activation', 'redelivery', 'deliveries/msg_1/redelivery'];

      const asked = await Promise.all([
        ...paths.map((path) => house.request(path)),
        ...steps.map((step) => house.request(`/v1/webhooks/${id}/${step}`, { method: 'POST' })),
        house.request(`/v1/webhooks/${id}`, { method: 'DELETE' }),
      ]);

      expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 404));
    },
  );

  test('that never were are not there', async () => {
    const { links } = await register();
    const path = `${links['deliveries'] ?? ''}/msg_x`;

    expect((await house.request(path)).status).toBe(404);
    expect((await house.request(`${path}/redelivery`, { method: 'POST' })).status).toBe(404);
  });
});

test('metrics say what waits and what has died', async () => {
  const text = await (await house.request('/metrics', { key: null })).text();

  expect(text).toContain('conclave_webhook_deliveries{state="pending"} 3');
  expect(text).toContain('conclave_webhook_deliveries{state="dead"} 2');
  expect(text).toContain('conclave_webhook_overdue_seconds 1.5');
});
