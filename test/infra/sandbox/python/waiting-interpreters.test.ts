import { expect, test } from '@jest/globals';

import { WaitingInterpreters } from '../../../../infra/sandbox/python/waiting-interpreters.ts';
import type { Waiting } from '../../../../infra/sandbox/python/waiting-interpreters.ts';
import { untilSeen } from '../../../support/until-seen.ts';

const never = new AbortController().signal;

/** Something that waits, by the number in which it was started. */
interface Numbered extends Waiting {
  readonly number: number;
  discard: () => Promise<void>;
  readonly end: () => void;
  readonly isDiscarded: () => boolean;
}

/** Starts numbered ones, one after the other as the test lets it. */
class Starter {
  readonly made: Numbered[] = [];
  readonly #gates: PromiseWithResolvers<undefined>[] = [];

  readonly start = async (): Promise<Numbered> => {
    const gate = Promise.withResolvers<undefined>();
    this.#gates.push(gate);
    await gate.promise;
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    let isDiscarded = false;
    const one: Numbered = {
      number: this.made.length + 1,
      ended,
      end: () => {
        end(undefined);
      },
      isDiscarded: () => isDiscarded,
      discard: async () => {
        isDiscarded = true;
        await Promise.resolve();
      },
    };
    this.made.push(one);
    return one;
  };

  get starting(): number {
    return this.#gates.length;
  }

  async finish(fault?: Error): Promise<void> {
    const gate = this.#gates.shift();
    if (fault === undefined) gate?.resolve(undefined);
    else gate?.reject(fault);
    await settled();
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('keeps as many as it is told to, and starts another for each that is taken', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 2, startingMax: 2 });
  await starter.finish();
  await starter.finish();
  expect(starter.starting).toBe(0);

  const taken = await waiting.take(never);

  expect(taken?.number).toBe(1);
  expect(starter.starting).toBe(0); // a short snippet passes first
  await untilSeen(
    async () => await Promise.resolve(starter.starting),
    (starting) => starting === 1,
  );
  await starter.finish();
  await waiting.close();
});

test('starts no more at a time than it may', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 2 });
  const takings = [1, 2, 3, 4].map(() => waiting.take(never));
  expect(starter.starting).toBe(2);

  for (let count = 0; count < 5; count++) await starter.finish();

  expect((await Promise.all(takings)).map((each) => each?.number)).toEqual([1, 2, 3, 4]);
  expect(starter.starting).toBe(0);
});

test('gives none to whoever has left, and keeps it for the next', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 1 });
  const leaving = new AbortController();
  const first = waiting.take(leaving.signal);
  const second = waiting.take(never);

  leaving.abort();
  await starter.finish();

  expect(await first).toBeUndefined();
  expect((await second)?.number).toBe(1);
  expect(await waiting.take(leaving.signal)).toBeUndefined();
});

test('tells a fault to one who waits, and tries again for the next', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 0, startingMax: 1 });
  const first = waiting.take(never);
  const second = waiting.take(never);
  const refused = first.catch((error: unknown) => error);

  await starter.finish(new Error('no more processes'));
  await starter.finish();

  expect(await refused).toEqual(new Error('no more processes'));
  expect((await second)?.number).toBe(1);
});

test('does not try on where nobody waits, but for whoever comes', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 1 });
  await starter.finish(new Error('no more processes'));
  expect(starter.starting).toBe(0);

  const taking = waiting.take(never);
  await starter.finish();

  expect((await taking)?.number).toBe(1);
});

test('replaces one that ends while it waits', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 1 });
  await starter.finish();
  const [first] = starter.made;

  first?.end();
  await settled();
  await starter.finish();

  expect(first?.isDiscarded()).toBe(true);
  expect((await waiting.take(never))?.number).toBe(2);
});

test('replaces one that ends while it waits, and cannot be removed', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 1 });
  await starter.finish();
  const [first] = starter.made;
  if (first !== undefined) {
    first.discard = async () => await Promise.reject(new Error('EBUSY'));
  }

  first?.end();
  await settled();
  await starter.finish();

  expect((await waiting.take(never))?.number).toBe(2);
});

test('leaves one alone that ends after it was taken', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 1, startingMax: 1 });
  await starter.finish();
  const taken = await waiting.take(never);

  taken?.end();
  await settled();

  expect(taken?.isDiscarded()).toBe(false);
});

test('closed, discards those that wait and those that were being started', async () => {
  const starter = new Starter();
  const waiting = new WaitingInterpreters({ start: starter.start, kept: 2, startingMax: 2 });
  await starter.finish();

  const closed = waiting.close();
  await starter.finish();
  await closed;

  expect(starter.made.map((each) => each.isDiscarded())).toEqual([true, true]);
  expect(await waiting.take(never)).toBeUndefined();
});
