import { afterEach, expect, test } from '@jest/globals';

import type { DetectedProgram } from '../../domain/commands/detected-program.ts';
import type { ClaimedProgram } from '../../infra/stores/program-store.ts';
import { looksMax, ProgramDetection, type DetectionDeps } from '../../workers/program-detection.ts';
import { agentAt } from '../support/providers.ts';

const found: DetectedProgram = {
  isThere: true,
  version: '1.0',
  detail: '1.0',
  capabilities: null,
};
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
let running: ProgramDetection[] = [];

afterEach(async () => {
  await Promise.all(running.map((detection) => detection.stop()));
  running = [];
});

function claimedProgram(name: string): ClaimedProgram {
  const agent = agentAt('http://127.0.0.1:9', { provider: 'openai', name });
  return { tenantId: 'one', agent, registration: 'r' };
}

/** A store that hands out these registrations, and says what was settled. */
function storeOf(waiting: ClaimedProgram[]) {
  const settled: string[] = [];
  let note = (): void => undefined;
  return {
    settled,
    /** Resolves when so many are settled. */
    until: async (count: number) => {
      while (settled.length < count) {
        await new Promise<void>((resolve) => {
          note = resolve;
        });
      }
    },
    claim: () => Promise.resolve(waiting.shift()),
    settle: ({ agent }: ClaimedProgram) => {
      settled.push(agent.name);
      note();
      return Promise.resolve(true);
    },
  };
}

function detectionOf(
  store: ReturnType<typeof storeOf>,
  detect: DetectionDeps['detect'] = () => Promise.resolve(found),
): ProgramDetection {
  const detection = new ProgramDetection({ store, detect, log });
  running.push(detection);
  return detection;
}

test('looks at everything that waits when it begins, and at what comes later when it is woken', async () => {
  const waiting = [claimedProgram('a'), claimedProgram('b')];
  const store = storeOf(waiting);
  const detection = detectionOf(store);
  await store.until(2);

  waiting.push(claimedProgram('c'));
  detection.wake();
  await store.until(3);

  expect(store.settled).toEqual(['a', 'b', 'c']);
});

test('goes on after a store that failed once', async () => {
  const store = storeOf([claimedProgram('a')]);
  let tries = 0;
  const claim = (): Promise<ClaimedProgram | undefined> =>
    ++tries === 1 ? Promise.reject(new Error('no connection')) : store.claim();
  const detection = detectionOf({ ...store, claim });
  await Promise.resolve();
  await Promise.resolve();

  detection.wake();
  await store.until(1);

  expect(store.settled).toEqual(['a']);
});

test('looks at a few at a time, so that one which hangs keeps no other waiting', async () => {
  const store = storeOf(['slow', 'b', 'c', 'd'].map(claimedProgram));
  let underWay = 0;
  let most = 0;
  const hanging = Promise.withResolvers<DetectedProgram>();
  detectionOf(store, async ({ agent }) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const looked = agent.name === 'slow' ? await hanging.promise : await Promise.resolve(found);
    underWay -= 1;
    return looked;
  });
  await store.until(3);
  const before = [...store.settled];

  hanging.resolve(found);
  await store.until(4);

  expect(before).not.toContain('slow');
  expect(store.settled.at(-1)).toBe('slow');
  expect(most).toBe(looksMax);
});

test('takes no more than it may look at, and the next as soon as one is done', async () => {
  const waiting = ['a', 'b', 'c', 'd', 'e'].map(claimedProgram);
  const store = storeOf(waiting);
  const looks: PromiseWithResolvers<DetectedProgram>[] = [];
  const detection = detectionOf(store, (_claimed, signal) => {
    const look = Promise.withResolvers<DetectedProgram>();
    signal.addEventListener('abort', () => {
      look.resolve(found);
    });
    looks.push(look);
    return look.promise;
  });
  await idle();
  const begun = looks.length;

  detection.wake();
  looks[0]?.resolve(found);
  await idle();

  expect([begun, looks.length]).toEqual([looksMax, looksMax + 1]);
  expect(store.settled).toEqual(['a']);
});

test('writes nothing down of a program that may not be run now, and goes on', async () => {
  const store = storeOf([claimedProgram('a'), claimedProgram('b')]);
  detectionOf(store, ({ agent }) => Promise.resolve(agent.name === 'a' ? null : found));

  await store.until(1);

  expect(store.settled).toEqual(['b']);
});

test('leaves to others what it was looking at when it is stopped, and is woken no more', async () => {
  const waiting = [claimedProgram('a'), claimedProgram('b')];
  const store = storeOf(waiting);
  const finishes: (() => void)[] = [];
  const detection = detectionOf(
    store,
    () =>
      new Promise((resolve) => {
        finishes.push(() => {
          resolve(found);
        });
      }),
  );
  await idle();

  const stopped = detection.stop();
  for (const finish of finishes) finish();
  await stopped;
  waiting.push(claimedProgram('c'));
  detection.wake();
  await idle();

  expect(finishes).toHaveLength(2);
  expect(store.settled).toEqual([]);
});

/** Resolves when everything that waits for nothing outside has been done. */
async function idle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
