import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { untilSeen } from '../../support/until-seen.ts';
import { openReceiver, verified } from '../webhooks/receiver.ts';
import type { Receiver } from '../webhooks/receiver.ts';
import { House } from './house.ts';
import { answered, asking, awaited } from './people.ts';

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly secret: string;
}

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly tries: number;
  readonly event: { readonly collaboration: string; readonly seq: number } | null;
}

const question = { pattern: 'consensus', question: 'Tabs or spaces?', options: ['Tabs', 'Spaces'] };
const example = 'docs/examples/webhook-receiver.mjs';

let house: House;
let receiver: Receiver;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

beforeEach(async () => {
  receiver = await openReceiver();
});

afterEach(async () => {
  for (const program of programs.splice(0)) program.kill();
  await receiver.close();
});

async function register(url: string, events = ['*'], at: House = house): Promise<Shown> {
  const { status, body } = await at.call<Shown>('/v1/webhooks', { body: { url, events } });
  expect(status).toBe(201);
  return body;
}

/** Asks until all that was to be sent has ended. */
async function ended(id: string): Promise<readonly Delivery[]> {
  const path = `/v1/webhooks/${id}/deliveries?limit=200`;
  return await untilSeen(
    async () => (await house.call<{ items: readonly Delivery[] }>(path)).body.items,
    (items) => items.length > 0 && items.every(({ state }) => state !== 'pending'),
  );
}

describe('a webhook', () => {
  test('is told of every event of a run, and of no word that was said', async () => {
    const { id, secret } = await register(receiver.url);

    const run = await house.run(question);
    const events = await house.events(run.id);
    await receiver.count(events.length);

    const notices = receiver.received.map((received) => verified(received, secret));
    const told = notices.map(({ type, data }) => `${String(data['seq'])} ${type}`).sort();
    expect(told).toEqual(events.map(({ seq, type }) => `${String(seq)} ${type}`).sort());
    const text = receiver.received.map(({ body }) => body).join();
    expect(text).not.toMatch(/"content"|"plan"|"answer":"Tabs|rationale|Tabs or spaces/);
    expect(Math.max(...receiver.received.map(({ body }) => body.length))).toBeLessThan(4096);
    const deliveries = await ended(id);
    expect(deliveries.map(({ state }) => state)).toEqual(deliveries.map(() => 'delivered'));
    const [link] = notices.map(({ data }) => (data['links'] as { event: string }).event);
    const seen = await house.call<{ items: { hash: string }[] }>(link ?? '');
    expect(seen.body.items[0]?.hash).toBe((notices[0]?.data['event'] as { hash: string }).hash);
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('of chosen types gets those only, and a test besides', async () => {
    const { id, secret } = await register(receiver.url, ['conclave.decision.sealed.v1']);

    const run = await house.run(question);
    await receiver.count(1);
    await house.call(`/v1/webhooks/${id}/test`, { method: 'POST' });
    await receiver.count(2);

    const notices = receiver.received.map((received) => verified(received, secret));
    expect(
      notices.map(({ type, data }) => [type, data['collaboration'] ?? data['webhook']]),
    ).toEqual([
      ['conclave.decision.sealed.v1', run.id],
      ['conclave.webhook.tested.v1', id],
    ]);
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('is told where a person is asked, who answered, and what a fork took over', async () => {
    const { id, secret } = await register(receiver.url);
    const told = () => receiver.received.map((received) => verified(received, secret));

    const run = await house.start(asking({ points: ['decision'] }));
    const approval = await awaited(house, run, 'decision-1');
    const asked = await receiver.until(({ body }) => body.includes('approval.requested'));
    const { approval: link = '' } = verified(asked, secret).data['links'] as { approval?: string };
    const shown = await house.call<{ id: string }>(link);
    await answered(house, approval.id, { answer: 'approve', comment: 'Read and agreed.' });
    await house.ended(run);
    const fork = await house.call<Shown>(`/v1/collaborations/${run}/forks`, {
      body: { rounds: 2 },
    });
    await answered(house, (await awaited(house, fork.body.id, 'decision-1')).id, {
      answer: 'approve',
    });
    await house.ended(fork.body.id);
    const events = [...(await house.events(run)), ...(await house.events(fork.body.id))];
    await receiver.count(events.length);

    const placeOf = (collaboration: unknown, seq: unknown) =>
      `${String(collaboration)} ${String(seq)}`;
    expect(shown.body.id).toBe(approval.id);
    expect(
      told()
        .map(({ data }) => placeOf(data['collaboration'], data['seq']))
        .sort(),
    ).toEqual(events.map(({ stream, seq }) => placeOf(stream, seq)).sort());
    const answers = told().filter(({ type }) => type === 'conclave.approval.answered.v1');
    expect(answers).toHaveLength(2);
    expect(JSON.stringify(answers)).toMatch(/"by":"\/users\//);
    expect(JSON.stringify(told())).not.toMatch(/Read and agreed|Which store|"content"/);
    expect(JSON.stringify(told())).toContain('"reused":');
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('whose receiver fails has its deliveries dead, and gets them when they are sent again', async () => {
    const { id } = await register(receiver.url, ['conclave.decision.sealed.v1']);
    receiver.answer(500);
    await house.run(question);
    await receiver.count(3);
    const [dead] = await ended(id);

    receiver.answer(204);
    const one = `/v1/webhooks/${id}/deliveries/${dead?.id ?? ''}/redelivery`;
    const answer = await house.call<Delivery>(one, { method: 'POST' });
    await receiver.count(4);
    const [delivered] = await ended(id);
    const all = await house.call(`/v1/webhooks/${id}/redelivery`, { method: 'POST' });

    expect(dead).toMatchObject({ state: 'dead', tries: 3 });
    expect(answer).toMatchObject({ status: 202, body: { state: 'pending', tries: 0 } });
    expect(delivered).toMatchObject({ id: dead?.id, state: 'delivered', tries: 1 });
    expect(all).toMatchObject({ status: 202, body: { redelivered: 0 } });
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('that was switched off by 410 refuses to send until it is switched on', async () => {
    const { id } = await register(receiver.url);
    const step = async (name: string): Promise<number> =>
      (await house.call(`/v1/webhooks/${id}/${name}`, { method: 'POST' })).status;
    receiver.answer(410);
    await step('test');
    await ended(id);

    const refused = [await step('test'), await step('redelivery')];
    receiver.answer(204);
    const accepted = [await step('activation'), await step('redelivery')];
    await receiver.count(2);

    expect(refused).toEqual([409, 409]);
    expect(accepted).toEqual([200, 202]);
    expect((await ended(id)).map(({ state }) => state)).toEqual(['delivered']);
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('signs by both secrets after a renewal', async () => {
    const { id, secret } = await register(receiver.url);
    const renewed = await house.call<Shown>(`/v1/webhooks/${id}/secret`, { method: 'POST' });
    await house.call(`/v1/webhooks/${id}/test`, { method: 'POST' });

    const [received] = await receiver.count(1);

    if (received === undefined) throw new Error('nothing came');
    expect(renewed.body.secret).not.toBe(secret);
    expect(verified(received, secret)).toEqual(verified(received, renewed.body.secret));
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
  });

  test('of one tenant hears nothing of the other', async () => {
    const other = await House.open();
    const [first, second] = [await openReceiver(), await openReceiver()];
    const { id } = await register(first.url);
    await register(second.url, ['*'], other);

    const [run, otherRun] = await Promise.all([house.run(question), other.run(question)]);
    await Promise.all([
      first.until(({ body }) => body.includes('decision.sealed')),
      second.until(({ body }) => body.includes('decision.sealed')),
    ]);

    expect(first.received.every(({ body }) => !body.includes(otherRun.id))).toBe(true);
    expect(second.received.every(({ body }) => !body.includes(run.id))).toBe(true);
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
    await Promise.all([other.close(), first.close(), second.close()]);
  });
});

describe('the receiver of the guide', () => {
  test('is the one that is tried here', () => {
    const guide = readFileSync('docs/guides/webhooks.md', 'utf8');

    expect(guide).toContain(readFileSync(example, 'utf8').trimEnd());
  });

  test('takes what is signed, once, refuses the rest, and outlives what breaks off', async () => {
    const place = await openReceiver();
    const { id, secret } = await register(place.url, ['conclave.decision.sealed.v1']);
    const program = spawn(process.execPath, [example], {
      env: { WEBHOOK_SECRET: secret, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    programs.push(program);
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const said = async (): Promise<string> => String((await lines.next()).value);
    const port = (await said()).replace('listening on ', '');
    await house.call(`/v1/webhooks/${id}/test`, { method: 'POST' });
    const [given] = await place.count(1);
    const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
    const signed = Object.fromEntries(names.map((name) => [name, String(given?.headers[name])]));
    const post = async (headers: Record<string, string>, body = given?.body ?? '') =>
      (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body })).status;

    // A caller that goes away may not bring it down.
    const socket = connect(Number(port), '127.0.0.1');
    socket.end('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{');
    socket.resume().on('error', () => undefined);
    await new Promise((resolve) => socket.on('close', resolve));
    const statuses = [
      await post(signed),
      await post(signed),
      await post(signed, '{}'),
      await post({ ...signed, 'webhook-timestamp': '1614265330' }),
      await post({}),
      await post(signed, 'x'.repeat(100_000)),
    ];
    const line = await said();
    program.kill();
    const rest = await lines.next();

    expect(statuses).toEqual([204, 204, 401, 401, 401, 413]);
    expect(line).toBe(`${signed['webhook-id'] ?? ''} conclave.webhook.tested.v1`);
    expect(rest.done).toBe(true);
    await house.call(`/v1/webhooks/${id}`, { method: 'DELETE' });
    await place.close();
  });
});
