import { describe, expect, test } from '@jest/globals';

import { StreamHubs } from '../../api/events/stream-hubs.ts';
import { createHouse } from './fake-house.ts';
import type { House } from './fake-house.ts';
import type { StreamSource } from '../../api/events/stream-hub.ts';

const stream = 'c_1';

interface Scene {
  readonly house: House;
  readonly hubs: StreamHubs;
  readonly watch: (after?: number, live?: boolean) => ReadableStreamDefaultReader<Uint8Array>;
  faults: unknown[];
  isOver: boolean;
}

function createScene(): Scene {
  const house = createHouse();
  const faults: unknown[] = [];
  const hubs = new StreamHubs((fault) => faults.push(fault));
  const source: StreamSource = {
    read: (after, limit) =>
      house.deps.ledger.read({ tenantId: 'a', stream, afterSeq: after, limit }),
    isOver: () => Promise.resolve(scene.isOver),
    subscribe: ({ onHint, onLive }) => {
      const unwatch = house.deps.feed.watch('a', stream, onHint);
      const unwatchLive = house.deps.feed.watchLive('a', stream, (payload) => {
        onLive(JSON.parse(payload) as never);
      });
      return () => {
        unwatch();
        unwatchLive();
      };
    },
    announceInterest: () => house.deps.feed.announceWatch('a', stream),
  };
  const scene: Scene = {
    house,
    hubs,
    faults,
    isOver: false,
    watch: (after = 0, live = false) =>
      hubs.watch({ key: stream, source, after, live }).getReader(),
  };
  return scene;
}

/** Reads frames until there are as many events as asked for, or the stream ends. */
async function readEvents(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  let text = '';
  while (idsIn(text).length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString();
  }
  return idsIn(text);
}

function idsIn(text: string): string[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map((found) => found[1] ?? '');
}

const seal = { type: 'conclave.decision.sealed.v1' } as const;

describe('the fan-out', () => {
  test('gives 200 watchers every event once, in order, with one read per hint', async () => {
    const { house, hubs, watch } = createScene();
    for (let count = 0; count < 10; count += 1) house.append('a', stream, {});
    const readers = Array.from({ length: 200 }, () => watch());
    const first = await Promise.all(readers.map((reader) => readEvents(reader, 10)));
    const readsBefore = house.reads;

    for (let count = 0; count < 10; count += 1) house.append('a', stream, {});
    house.append('a', stream, seal);
    const rest = await Promise.all(readers.map((reader) => readEvents(reader)));

    const expected = Array.from({ length: 21 }, (_, index) => String(index + 1));
    expect(
      first.every((ids, index) => [...ids, ...(rest[index] ?? [])].join() === expected.join()),
    ).toBe(true);
    expect(readsBefore).toBeLessThanOrEqual(3);
    expect(house.reads - readsBefore).toBeLessThanOrEqual(11);
    expect(hubs.watchers).toBe(0);
  });

  test('lets watchers begin anywhere', async () => {
    const { house, watch } = createScene();
    for (let count = 0; count < 5; count += 1) house.append('a', stream, {});
    house.append('a', stream, seal);

    const [late, early, middle] = await Promise.all(
      [5, 0, 3].map((after) => readEvents(watch(after))),
    );

    expect(late).toEqual(['6']);
    expect(early).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(middle).toEqual(['4', '5', '6']);
  });

  test('keeps nothing for a watcher that does not read, and loses nothing for it', async () => {
    const { house, watch } = createScene();
    const slow = watch();
    const quick = watch();
    await slow.read();
    const reading = readEvents(quick);
    for (let count = 0; count < 1500; count += 1) house.append('a', stream, {});
    house.append('a', stream, seal);
    await reading;

    const ids = await readEvents(slow);

    expect(ids).toEqual(Array.from({ length: 1501 }, (_, index) => String(index + 1)));
  });

  test('goes on after a read that failed', async () => {
    const { house, watch, faults, hubs } = createScene();
    const reader = watch();
    await readEvents(reader, 0);
    house.append('a', stream, {});
    await readEvents(reader, 1);
    const read = house.deps.ledger.read.bind(house.deps.ledger);
    house.deps.ledger.read = () => Promise.reject(new Error('away'));
    house.append('a', stream, {});
    await new Promise((resolve) => setImmediate(resolve));
    house.deps.ledger.read = read;

    await hubs.tick();
    const ids = await readEvents(reader, 1);

    expect(ids).toEqual(['2']);
    expect(faults).toHaveLength(1);
    await reader.cancel();
  });

  test('ends the watch of a run that ended without a seal', async () => {
    const scene = createScene();
    scene.house.append('a', stream, {});
    const reader = scene.watch();
    const reading = readEvents(reader);
    await new Promise((resolve) => setImmediate(resolve));

    scene.isOver = true;
    await scene.hubs.tick();

    expect(await reading).toEqual(['1']);
    expect(scene.hubs.watchers).toBe(0);
  });

  test('sends a sign of life at every third look', async () => {
    const { hubs, watch } = createScene();
    const reader = watch();
    await reader.read();
    const next = reader.read();

    for (let ticks = 0; ticks < 3; ticks += 1) await hubs.tick();

    expect(Buffer.from((await next).value ?? []).toString()).toBe(': heartbeat\n\n');
    await reader.cancel();
  });

  test('gathers streaming text and shows it before the event that follows', async () => {
    const { house, watch } = createScene();
    const reader = watch(0, true);
    await reader.read();
    const next = reader.read();
    for (const text of ['Ta', 'bs', '.']) {
      house.publishLive('a', stream, JSON.stringify({ turn: 't', seat: 's1', text }));
    }
    house.append('a', stream, {});

    const frames = Buffer.from((await next).value ?? []).toString();

    expect(frames).toMatch(
      /^event: live\ndata: {"turn":"t","seat":"s1","text":"Tabs."}\n\nid: 1\nevent: conclave/,
    );
    expect(house.interest).toEqual(['a c_1']);
    await reader.cancel();
  });

  test('lets go of a stream when its last watcher leaves', async () => {
    const { house, hubs, watch } = createScene();
    const readers = [watch(), watch()];
    await Promise.all(readers.map((reader) => reader.read()));
    const pending = readers.map((reader) => reader.read());

    await Promise.all(readers.map((reader) => reader.cancel()));

    expect((await Promise.all(pending)).every(({ done }) => done)).toBe(true);
    expect(hubs.watchers).toBe(0);
    const reads = house.reads;
    house.append('a', stream, {});
    expect(house.reads).toBe(reads);
  });
});
