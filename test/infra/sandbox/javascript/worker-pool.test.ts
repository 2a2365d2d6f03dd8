import { afterEach, expect, test } from '@jest/globals';

import { createRecord } from '../../../../infra/sandbox/javascript/run-record.ts';
import type { Snippet } from '../../../../infra/sandbox/javascript/snippet.ts';
import { WorkerPool } from '../../../../infra/sandbox/javascript/worker-pool.ts';

const timeMs = 20_000;
// A thread that waits is deaf to the limit of the test.
const answeredWithinMs = 10_000;
const flags = { isClosed: 0, answered: 1 } as const;

/** Answers a snippet and is ready again at once; `last` ends the thread, and a thread that starts once all is closed fails. */
const source = `
export function serveSnippets(port, { module: flags }) {
  if (Atomics.load(flags, ${String(flags.isClosed)}) === 1) throw new Error('closed');
  port.on('message', ({ code }) => {
    if (code === 'last') process.exit();
    port.postMessage({ status: 'ok', reason: code, value: null, peakMemoryBytes: null, isSpoiled: false });
    port.postMessage('ready');
    Atomics.store(flags, ${String(flags.answered)}, 1);
    Atomics.notify(flags, ${String(flags.answered)});
  });
  port.postMessage('ready');
}`;

const snippet = (code: string): Snippet => ({
  ...{ code, input: '', seed: '', record: createRecord(0) },
  limits: { timeMs, memoryBytes: 0, outputBytes: 0, valueBytes: 0, fuel: 1 },
});

const shared = new Int32Array(new SharedArrayBuffer(8));
const broken = Promise.withResolvers<Error>();
const pool = new WorkerPool({
  engine: { module: shared as unknown as WebAssembly.Module, initialPages: 0 },
  program: { entry: 'file:///program.js', links: {}, sources: { 'file:///program.js': source } },
  slots: 1,
  onBroken: broken.resolve,
});

afterEach(async () => {
  Atomics.store(shared, flags.isClosed, 1);
  // One for each thread; where one is just starting it fails, and its run stays without an answer.
  for (const code of ['last', 'last']) pool.run(snippet(code), timeMs);
  await broken.promise;
});

test('gives no run to a thread that was ended right after it had answered', async () => {
  await pool.start();
  const stopped = pool.run(snippet('stopped'), timeMs);
  // Both of its messages are there, and neither is read.
  const woken = Atomics.wait(shared, flags.answered, 0, answeredWithinMs);
  expect(woken).not.toBe('timed-out');

  stopped.stop('killed', 'cancelled');

  expect(await stopped.end).toMatchObject({ status: 'killed', reason: 'cancelled' });
  for (const code of ['one', 'two', 'three']) {
    expect(await pool.run(snippet(code), timeMs).end).toMatchObject({ status: 'ok', reason: code });
  }
});
