import { afterEach, expect, test } from '@jest/globals';

import type { DetectedProgram } from '../../domain/commands/detected-program.ts';
import type { ClaimedProgram } from '../../infra/stores/program-store.ts';
import { ProgramDetection, type DetectionDeps } from '../../workers/program-detection.ts';
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

test('writes nothing down of a program that may not be run now, and goes on', async () => {
  const store = storeOf([claimedProgram('a'), claimedProgram('b')]);
  detectionOf(store, ({ agent }) => Promise.resolve(agent.name === 'a' ? null : found));

  await store.until(1);

  expect(store.settled).toEqual(['b']);
});

test('leaves to others what it was looking at when it is stopped, and is woken no more', async () => {
  const store = storeOf([claimedProgram('a'), claimedProgram('b')]);
  let finish = (): void => undefined;
  const detection = detectionOf(
    store,
    () =>
      new Promise((resolve) => {
        finish = () => {
          resolve(found);
        };
      }),
  );
  await Promise.resolve();
  await Promise.resolve();

  const stopped = detection.stop();
  finish();
  await stopped;
  detection.wake();

  expect(store.settled).toEqual([]);
});
