import { once } from 'node:events';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createParser } from 'eventsource-parser';

import { agentNamed } from '../../api/fake-house.ts';
import { openApi } from './api-fixture.ts';
import type { ApiFixture } from './api-fixture.ts';

const WATCHERS = 200;
const BATCHES = 10;
const BATCH_EVENTS = 5;

let api: ApiFixture;

beforeAll(async () => {
  api = await openApi();
  for (const name of ['ada', 'bob']) await api.stores.agents.put('one', agentNamed(name));
});

afterAll(() => api.close());

async function startRun(): Promise<string> {
  const response = await api.post(
    '/v1/collaborations',
    { pattern: 'debate', question: 'Tabs or spaces?', options: ['tabs', 'spaces'] },
    'key-one',
  );
  return ((await response.json()) as { id: string }).id;
}

async function append(stream: string, batch: number, last: boolean): Promise<void> {
  await api.stores.ledger.append({
    tenantId: 'one',
    stream,
    events: Array.from({ length: BATCH_EVENTS }, (_, index) => ({
      id: `${stream}/${String(batch)}-${String(index)}`,
      type:
        last && index === BATCH_EVENTS - 1
          ? ('conclave.decision.sealed.v1' as const)
          : ('conclave.deadline.passed.v1' as const),
      source: '/test',
      subject: stream,
      time: '2026-11-21T09:00:00.000Z',
      data: { batch, index },
    })),
  });
}

/** Reads a stream to its end with another's parser; answers the ids in their order. */
async function watch(url: string): Promise<string[]> {
  const response = await fetch(url, {
    headers: { authorization: 'Bearer key-one', accept: 'text/event-stream' },
  });
  const ids: string[] = [];
  const parser = createParser({ onEvent: ({ id, event }) => ids.push(id ?? event ?? '') });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  }
  return ids;
}

test('200 watchers of one run get every event once and in order, over HTTP', async () => {
  const { address, server } = await api.listen();
  const stream = await startRun();
  const opening = (await api.stores.ledger.head({ tenantId: 'one', stream })).seq;
  const watching = Array.from({ length: WATCHERS }, () =>
    watch(`${address}/v1/collaborations/${stream}/events`),
  );

  for (let batch = 0; batch < BATCHES; batch += 1) {
    await append(stream, batch, batch === BATCHES - 1);
  }
  const seen = await Promise.all(watching);
  server.close();
  server.closeAllConnections();
  await once(server, 'close');

  const length = opening + BATCHES * BATCH_EVENTS;
  const expected = [...Array.from({ length }, (_, index) => String(index + 1)), 'end'].join();
  expect(seen.filter((ids) => ids.join() !== expected)).toEqual([]);
  expect(api.app.hubs.watchers).toBe(0);
});

test('a start over HTTP is stored with its plan, its budget and its first event', async () => {
  const id = await startRun();

  const row = await api.stores.collaborations.get('one', id);
  const [opened] = await api.stores.ledger.readUpTo({ tenantId: 'one', stream: id });

  expect(row).toMatchObject({ collaborationId: id, pattern: 'debate', simulated: false });
  expect(opened).toMatchObject({ seq: 1, type: 'conclave.collaboration.opened.v1', stream: id });
  expect(api.started.map(({ collaborationId }) => collaborationId)).toContain(id);
});

test('a list goes through all pages of the database, newest first, without a gap', async () => {
  const ids = [];
  for (let count = 0; count < 5; count += 1) ids.push(await startRun());

  const listed: string[] = [];
  let path: string | undefined = '/v1/collaborations?limit=2&pattern=debate';
  while (path !== undefined) {
    const response = await api.request(path, { key: 'key-one' });
    const page = (await response.json()) as { items: { id: string }[]; links: { next?: string } };
    listed.push(...page.items.map((item) => item.id));
    path = page.links.next;
  }

  expect(new Set(listed).size).toBe(listed.length);
  expect(listed.slice(0, 5).sort()).toEqual(ids.sort());
});
