import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { happen } from '../stores/webhook-fixture.ts';
import { newStream, openPostOffice } from './post-office.ts';
import type { PostOffice } from './post-office.ts';
import { openReceiver, verified } from './receiver.ts';
import type { Receiver } from './receiver.ts';

let office: PostOffice;
let receiver: Receiver;

beforeAll(async () => {
  office = await openPostOffice();
});

afterAll(() => office.close());

beforeEach(async () => {
  receiver = await openReceiver();
});

afterEach(async () => {
  await office.clear();
  await receiver.close();
});

/** Far more than a thousand deliveries take. */
const withinMs = 60_000;
const ref = { tenantId: 'one', webhookId: 'wh' };

describe('an event', () => {
  test('reaches the receiver signed, and without a word of a participant', async () => {
    const secret = await office.register('wh', receiver.url);
    await office.startSender();
    const stream = newStream();
    const [event] = await happen(office.fixture, stream);

    const [received] = await receiver.count(1);

    if (received === undefined) throw new Error('nothing came');
    expect(verified(received, secret)).toEqual({
      type: event?.type,
      timestamp: event?.time,
      data: {
        collaboration: stream,
        seq: 1,
        event,
        links: expect.objectContaining({ collaboration: `/v1/collaborations/${stream}` }),
      },
    });
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': `msg_${stream}_1`,
      'user-agent': 'conclave/0.0.0',
    });
    const [delivery] = await office.settled('wh', 'delivered', 1);
    expect(delivery).toMatchObject({ tries: 1, last: { status: 204, error: null } });
  });

  test('is told under the same id until the receiver takes it, and signed anew each time', async () => {
    const secret = await office.register('wh', receiver.url);
    receiver.answer((response) => {
      response.writeHead(receiver.received.length < 3 ? 500 : 200).end();
    });
    await office.startSender();

    await happen(office.fixture, newStream());
    const [delivery] = await office.settled('wh', 'delivered', 1);

    expect(delivery?.tries).toBe(3);
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    for (const one of receiver.received) expect(verified(one, secret)).toBeDefined();
    expect((await office.fixture.stores.webhooks.get('one', 'wh'))?.failures).toBe(0);
  });

  test('that no try delivered is dead, and is delivered when it is sent again', async () => {
    await office.register('wh', receiver.url);
    receiver.answer((response) => response.writeHead(500).end('x\0'.repeat(2000)));
    await office.startSender();
    await happen(office.fixture, newStream());
    const [dead] = await office.settled('wh', 'dead', 1);

    receiver.answer(204);
    await office.fixture.stores.deliveries.redeliver(ref, dead?.id ?? '');
    const [delivered] = await office.settled('wh', 'delivered', 1);

    expect(dead).toMatchObject({ tries: 3, last: { status: 500 } });
    expect(dead?.last?.answer).toMatch(/^x\u{fffd}x/u);
    expect(dead?.last?.answer).toHaveLength(1024);
    expect(delivered).toMatchObject({ id: dead?.id, tries: 1 });
    expect(receiver.received).toHaveLength(4);
  });

  test('is signed by both secrets after a renewal', async () => {
    const first = await office.register('wh', receiver.url);
    const second = await office.renewSecret('wh');
    const third = await office.register('other', `${receiver.url}/other`);
    await office.startSender();
    await happen(office.fixture, newStream());

    const received = await receiver.until(({ headers }) => {
      return (headers['webhook-signature'] ?? '').includes(' ');
    });

    expect(verified(received, first)).toEqual(verified(received, second));
    expect(() => verified(received, third)).toThrow(/signature/i);
  });
});

describe('a receiver', () => {
  test('that hangs fails its try in time, and holds up no other', async () => {
    const healthy = await openReceiver();
    receiver.answer('hang');
    await office.register('wh', receiver.url);
    await office.register('healthy', healthy.url);
    await office.startSender({ timeoutMs: 300, triesMax: 1, triesAtOnce: 8, triesPerWebhook: 4 });
    const stream = newStream();

    await happen(office.fixture, stream, { count: 40 });
    await healthy.count(40);
    const dead = await office.settled('wh', 'dead', 5);

    expect(dead.every(({ last }) => last?.error === 'timeout')).toBe(true);
    expect(receiver.openMost).toBeLessThanOrEqual(4);
    expect(receiver.received.length).toBeLessThan(40);
    await healthy.close();
  });

  test('that redirects is not followed', async () => {
    const elsewhere = await openReceiver();
    receiver.answer((response) => response.writeHead(307, { location: elsewhere.url }).end());
    await office.register('wh', receiver.url);
    await office.startSender();

    await happen(office.fixture, newStream());
    const [dead] = await office.settled('wh', 'dead', 1);

    expect(dead).toMatchObject({ tries: 3, last: { status: 307 } });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  test('that answers 410 switches its webhook off', async () => {
    receiver.answer(410);
    await office.register('wh', receiver.url);
    await office.startSender({ triesPerWebhook: 1 });

    await happen(office.fixture, newStream(), { count: 5 });
    await office.settled('wh', 'dead', 5);
    await happen(office.fixture, newStream());

    expect(receiver.received).toHaveLength(1);
    expect((await office.fixture.stores.webhooks.get('one', 'wh'))?.state).toBe('off');
    const kept = await office.fixture.stores.deliveries.list({ ...ref, limit: 100 });
    expect(kept).toHaveLength(5);
  });

  test.each([429, 503])('that answers %i is left alone for as long as it asked', async (status) => {
    receiver.answer((response) => {
      const isFirst = receiver.received.length === 1;
      response.writeHead(isFirst ? status : 204, { 'retry-after': '1' }).end();
    });
    await office.register('wh', receiver.url);
    await office.startSender({ triesPerWebhook: 1 });

    await happen(office.fixture, newStream(), { count: 3 });
    await office.settled('wh', 'delivered', 3);

    const [first = 0, second = 0] = receiver.received.map(({ atMs }) => atMs);
    expect(second - first).toBeGreaterThanOrEqual(990);
    expect(receiver.received).toHaveLength(4);
  });

  test('whose body never ends has answered all the same', async () => {
    receiver.answer((response) => response.writeHead(200).write('well'));
    await office.register('wh', receiver.url);
    await office.startSender();

    await happen(office.fixture, newStream());
    const [delivered] = await office.settled('wh', 'delivered', 1);

    expect(delivered).toMatchObject({ last: { status: 200, answer: 'well' } });
  });

  test('that is not there fails its try', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    await office.register('wh', `http://127.0.0.1:${String(port)}/`);
    await office.startSender();

    await happen(office.fixture, newStream());
    const [dead] = await office.settled('wh', 'dead', 1);

    expect(dead).toMatchObject({ last: { status: null, error: 'connection-failed' } });
  });

  test.each([
    ['https://elsewhere.example/', [], 'host-not-allowed'],
    ['https://169.254.169.254/', ['*'], 'address-not-allowed'],
    ['https://10.0.0.1/', ['*'], 'address-not-allowed'],
    ['https://[fe80::1]/', ['*'], 'address-not-allowed'],
  ])('at %s with hosts %j is not called: %s', async (url, hosts, error) => {
    await office.register('wh', url);
    await office.startSender({ hosts, triesMax: 1 });

    await happen(office.fixture, newStream());
    const [dead] = await office.settled('wh', 'dead', 1);

    expect(dead?.last?.error).toBe(error);
  });
});

describe('senders', () => {
  test(
    'share a thousand deliveries; each is sent once',
    async () => {
      await office.register('wh', receiver.url);
      const stream = newStream();
      for (let part = 0; part < 10; part += 1) await happen(office.fixture, stream, { count: 100 });
      await office.startSender();
      await office.startSender();

      await receiver.count(1000);
      await office.settled('wh', 'delivered', 1000);

      expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(
        1000,
      );
      expect(receiver.received).toHaveLength(1000);
      expect(receiver.openMost).toBeLessThanOrEqual(8);
    },
    withinMs,
  );

  test('take over what another one had begun and never settled', async () => {
    receiver.answer('hang');
    await office.register('wh', receiver.url);
    const first = await office.startSender({ leaseMs: 400 });
    await happen(office.fixture, newStream());
    await receiver.count(1);
    await first.stop();

    receiver.answer(204);
    await office.startSender();
    const [delivered] = await office.settled('wh', 'delivered', 1);

    expect(delivered?.tries).toBe(2);
    expect(receiver.received).toHaveLength(2);
  });

  test('tell each tenant its own events only', async () => {
    const other = await openReceiver();
    const secret = await office.register('wh', receiver.url);
    const otherSecret = await office.register('wh', other.url, 'two');
    await office.startSender();
    const [stream, otherStream] = [newStream(), newStream()];
    await happen(office.fixture, stream, { count: 3 });
    await happen(office.fixture, otherStream, { count: 3, tenantId: 'two' });

    await Promise.all([receiver.count(3), other.count(3)]);

    const told = (from: Receiver, key: string) =>
      from.received.map((one) => verified(one, key).data['collaboration']);
    expect(told(receiver, secret)).toEqual([stream, stream, stream]);
    expect(told(other, otherSecret)).toEqual([otherStream, otherStream, otherStream]);
    await other.close();
  });

  test('without the key of the secrets send nothing', async () => {
    await office.fixture.stores.webhooks.add({
      ...{ tenantId: 'one', id: 'wh', url: receiver.url, events: ['*'], description: null },
      secret: Buffer.from('sealed elsewhere'),
    });
    await office.startSender({ triesMax: 1 });

    await happen(office.fixture, newStream());
    const [dead] = await office.settled('wh', 'dead', 1);

    expect(dead?.last?.error).toBe('secret-unreadable');
    expect(receiver.received).toEqual([]);
  });
});
