import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { House, type Frame } from './house.ts';
import { brokenPromises } from './promises.ts';

let house: House;
const runMs = 90_000;
/** A reply that takes this long comes piece by piece. */
const piecewiseMs = 400;

beforeAll(async () => {
  house = await House.open();
});

afterAll(() => house.close());

async function startDebate(): Promise<string> {
  const slow = await house.agent(`sim-${randomUUID().slice(0, 8)}-slow-${String(piecewiseMs)}`);
  return await house.start({
    pattern: 'debate',
    gate: 'off',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants: ['sim-ada', 'sim-bo', slow],
    rounds: 3,
    stopOnStability: false,
    endsEarly: false,
  });
}

async function allOf(frames: AsyncIterable<Frame>): Promise<readonly Frame[]> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

function eventsIn(frames: readonly Frame[]): readonly LedgerEvent[] {
  return frames.filter(({ id }) => id !== null).map(({ data }) => data as LedgerEvent);
}

describe('a watcher from start to end', () => {
  test(
    'gets every event once and in order, text as it streams, and is told of the end',
    async () => {
      const id = await startDebate();
      const frames = await allOf(house.watch(id, { live: true }));

      const kept = await house.events(id);
      const live = frames.filter(({ event }) => event === 'live');
      expect(eventsIn(frames)).toEqual(kept);
      expect(frames.flatMap(({ id: seq }) => seq ?? [])).toEqual(kept.map(({ seq }) => seq));
      expect(live.map(({ data }) => data)).toContainEqual(
        expect.objectContaining({ turn: expect.stringMatching(/^revision-\d-s3$/), seat: 's3' }),
      );
      expect(live.map(({ id: seq }) => seq)).toEqual(live.map(() => null));
      expect(frames.at(-1)).toMatchObject({ event: 'end', data: { seq: kept.length } });
      expect(await brokenPromises(house, await house.ended(id))).toEqual([]);
    },
    runMs,
  );

  test(
    'gets no text that streams when it does not want any',
    async () => {
      const frames = await allOf(house.watch(await startDebate(), { live: false }));

      expect(frames.filter(({ event }) => event === 'live')).toEqual([]);
      expect(frames.at(-1)?.event).toBe('end');
    },
    runMs,
  );
});

describe('a watcher that lost its stream', () => {
  test(
    'goes on behind the last event that it has, while the run goes on',
    async () => {
      const id = await startDebate();
      const before = await house.eventsUntil(id, ({ data }) => data['phase'] === 'proposal');
      const lastEventId = before.at(-1)?.seq ?? 0;
      const after = eventsIn(await allOf(house.watch(id, { lastEventId })));

      expect(lastEventId).toBeGreaterThan(1);
      expect([...before, ...after]).toEqual(await house.events(id));
    },
    runMs,
  );

  test(
    'gets the rest of a run that has ended, and nothing when it has all',
    async () => {
      const id = await startDebate();
      await house.ended(id);
      const kept = await house.events(id);
      const rest = eventsIn(await allOf(house.watch(id, { lastEventId: kept.length - 2 })));

      expect(rest).toEqual(kept.slice(-2));
      await expect(allOf(house.watch(id, { lastEventId: kept.length }))).rejects.toThrow(/204/);
    },
    runMs,
  );
});
