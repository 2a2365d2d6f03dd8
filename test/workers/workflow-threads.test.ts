import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import threads from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { omitCallStacks } from '../../workers/workflow-threads.ts';

/** Says how many promises its hook saw. */
const threadCode = `
  const { parentPort } = require('node:worker_threads');
  const v8 = require('node:v8');
  let seen = 0;
  v8.promiseHooks.createHook({ init: () => { seen += 1; } });
  Promise.resolve().then(() => undefined);
  parentPort.postMessage(seen);`;

const { Worker } = threads;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-threads-'));
});

afterEach(() => {
  threads.Worker = Worker;
  rmSync(folder, { recursive: true });
});

async function promisesSeenIn(file: string): Promise<number> {
  const path = join(folder, file);
  writeFileSync(path, threadCode);
  const thread = new threads.Worker(path);
  const [seen] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  return seen;
}

describe('omitting call stacks', () => {
  test("takes the promise hook from the SDK's workflow threads", async () => {
    omitCallStacks();

    expect(await promisesSeenIn('workflow-worker-thread.cjs')).toBe(0);
  });

  test('leaves every other thread as it is', async () => {
    omitCallStacks();

    expect(await promisesSeenIn('another.cjs')).toBeGreaterThan(0);
  });

  test('knows the thread by the name that the SDK starts it with, and the hook that it sets', () => {
    const require = createRequire(import.meta.url);
    const worker = require.resolve('@temporalio/worker');
    const sourceOf = (file: string): string =>
      readFileSync(join(worker, '..', 'workflow', file), 'utf8');

    expect(sourceOf('threaded-vm.js')).toContain("'./workflow-worker-thread'");
    expect(sourceOf('vm-shared.js')).toContain('promiseHooks.createHook(');
  });
});
