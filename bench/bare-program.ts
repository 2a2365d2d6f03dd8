/**
 * What Temporal alone costs: a workflow of as many activities as the reference job has calls, which only wait as long as
 * a model takes. No prompt, ledger, budget or record. A process of its own, with client and worker on one connection.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';

import { Client } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';

import { workerOptions } from '../workers/worker-options.ts';
import { modelLatencyMs, rounds, seats } from './reference-job.ts';

const [address = '', namespace = ''] = process.argv.slice(2);
const taskQueue = 'bare';
const logger = new DefaultLogger('ERROR');

Runtime.install({ shutdownSignals: [], logger });
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'),
  logger,
});
const connection = await NativeConnection.connect({
  address,
  metadata: {},
  grpcCompression: { codec: 'none' },
});
const worker = await Worker.create({
  ...workerOptions,
  connection,
  namespace,
  taskQueue,
  workflowBundle,
  activities: { wait: () => delay(modelLatencyMs) },
});
const client = new Client({ connection, namespace });
const running = worker.run();
process.once('disconnect', () => {
  worker.shutdown();
});
process.on('message', ({ debates, inFlight }: { debates: number; inFlight: number }) => {
  void runAll(debates, inFlight).then((said) => process.send?.(said));
});
process.send?.({ kind: 'ready' });
await running;
await connection.close();

async function runAll(debates: number, inFlight: number): Promise<object> {
  const startedAt = performance.now();
  const tookMs: number[] = [];
  let left = debates;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const sentAt = performance.now();
      const workflowId = `bare-${String(process.pid)}-${String(startedAt)}-${String(left)}`;
      await client.workflow.execute('bareDebate', {
        workflowId,
        taskQueue,
        args: [seats, rounds],
        requestEagerStart: true,
      });
      tookMs.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { kind: 'done', elapsedMs: performance.now() - startedAt, tookMs };
}
