import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';

import { createArtifactStore } from '../infra/artifacts/artifact-store.ts';
import { readServiceConfig } from '../infra/config.ts';
import { createDatabase } from '../infra/database/connection.ts';
import { createEventFeed } from '../infra/database/event-feed.ts';
import { createLogger } from '../infra/logger.ts';
import { loadSigner, signingKeyPath } from '../infra/signing.ts';
import { createStores } from '../infra/stores/stores.ts';
import { createWorkerRegistry } from '../infra/stores/worker-registry.ts';
import { createEngine } from '../infra/temporal/engine.ts';
import { wireActivities } from './activity-wiring.ts';
import { installRuntime } from './runtime.ts';
import { watchWorkers } from './takeover.ts';
import { configuredSandbox, createLateSandbox } from './sandbox-wiring.ts';
import { createWorkers } from './work-queue-workers.ts';
import { wireWebhooks } from './webhook-wiring.ts';
import { omitCallStacks } from './workflow-threads.ts';

const config = readServiceConfig('worker');
const logger = createLogger({ level: config.logLevel, part: 'worker' });
installRuntime(logger);
if (!config.hasCallStacks) omitCallStacks();

/** Connections of the pool; group commit needs few. */
const connectionsMax = 8;

const connectTriesMax = 300;
const connectPauseMs = 200;

await run();

async function run(): Promise<void> {
  const workerId = `w${randomBytes(4).toString('hex')}`;
  const onFault = (error: unknown): void => {
    logger.warn({ err: error, workerId }, 'something beside the path failed');
  };
  const { temporalAddress, temporalNamespace, databaseUrl, s3 } = config.connections;
  const [connection, signer] = await Promise.all([
    connected(temporalAddress),
    loadSigner(signingKeyPath(config.dataFolder)),
  ]);
  const database = createDatabase({ url: databaseUrl, connectionsMax, applicationName: workerId });
  const stores = createStores(database);
  const feed = createEventFeed({ database });
  const artifacts = createArtifactStore(s3);
  const registry = createWorkerRegistry({ url: databaseUrl });
  const client = new Client({ connection, namespace: temporalNamespace });
  const engine = createEngine(client, config.taskQueue);
  const sandbox = createLateSandbox({
    make: async () => await configuredSandbox(config),
    onMade: ({ backend }) => {
      logger.info({ workerId, backend }, 'sandbox made');
    },
    onFault,
  });
  const wired = wireActivities({
    config,
    workerId,
    database,
    stores,
    feed,
    artifacts,
    signer,
    presence: (run) => engine.presence(run),
    onFault,
    sandbox,
  });
  feed.watchCancelled(({ collaborationId, turns }) => {
    wired.calls.stop(collaborationId, turns);
  });
  const workers = await createWorkers(config, { ...wired, connection, workerId });
  const registration = await registry.register({ workerId, taskQueue: config.taskQueue });
  const { turns, sandboxRuns } = stores;
  const takeover = watchWorkers({ registry, turns, sandboxRuns, client, log: logger });
  const webhooks = await wireWebhooks({ config, database, queue: stores.deliveryQueue, logger });
  stopWhenTold(workers);
  process.send?.({ kind: 'ready' });
  logger.info({ workerId, taskQueue: config.taskQueue, queues: config.queues }, 'worker ready');
  if (config.queues.some((queue) => queue !== 'collaborations')) void sandbox.prepare();
  await Promise.all(workers.map((worker) => worker.run()));
  await sandbox.close();
  await Promise.all([takeover.stop(), webhooks.stop()]);
  await registration.close();
  await registry.close();
  await feed.close();
  artifacts.close();
  await database.close();
  await connection.close();
  if (process.connected) process.disconnect();
}

/** Temporal may come up after us: it is waited for, a minute at most. */
async function connected(address: string): Promise<NativeConnection> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await NativeConnection.connect({ address, metadata: {} });
    } catch (error) {
      if (tries === connectTriesMax) throw error;
      await delay(connectPauseMs);
    }
  }
}

/** On a signal, and when the supervisor is gone, the worker finishes what it is doing and ends. */
function stopWhenTold(workers: readonly Worker[]): void {
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.once('disconnect', stop);
}
