import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';

import { loadAdapters, type LoadedAdapter } from '../infra/adapters/adapter-loading.ts';
import { createArtifactStore } from '../infra/artifacts/artifact-store.ts';
import { readServiceConfig, refuse } from '../infra/config.ts';
import { createDatabase } from '../infra/database/connection.ts';
import { createEventFeed } from '../infra/database/event-feed.ts';
import { createLogger } from '../infra/logger.ts';
import { loadSigner, signingKeyPath } from '../infra/signing.ts';
import { createStores } from '../infra/stores/stores.ts';
import { createWorkerRegistry } from '../infra/stores/worker-registry.ts';
import { createEngine } from '../infra/temporal/engine.ts';
import { wireActivities } from './activity-wiring.ts';
import { bundledWorkflows } from './bundle.ts';
import { wirePrograms } from './program-wiring.ts';
import { rehearse } from './rehearsal.ts';
import { installRuntime } from './runtime.ts';
import { lazySandbox, type LazySandbox } from './sandbox-wiring.ts';
import { watchWorkers } from './takeover.ts';
import { createWorkers } from './work-queue-workers.ts';
import { wireWebhooks } from './webhook-wiring.ts';
import { omitCallStacks } from './workflow-threads.ts';

const config = readServiceConfig('worker');
const logger = createLogger({ level: config.logLevel, part: 'worker' });
installRuntime(logger);
if (!config.hasCallStacks) omitCallStacks();

/** Connections of the pool; group commit needs few. */
const connectionsMax = 8;

/** How long being ready waits for what a dead worker left to be handed over, and for the rehearsal. */
const readyMaxMs = 2000;

const grpcCompression = { codec: 'none' } as const;
const connectTriesMax = 300;
const connectPauseMs = 200;

await run();

async function run(): Promise<void> {
  const workerId = `w${randomBytes(4).toString('hex')}`;
  const onFault = (error: unknown): void => {
    logger.warn({ err: error, workerId }, 'something beside the path failed');
  };
  const { temporalAddress, temporalNamespace, databaseUrl, s3 } = config.connections;
  const adapters = await loadedAdapters();
  const [connection, signer, codePath] = await Promise.all([
    connected(temporalAddress),
    loadSigner(signingKeyPath(config.dataFolder)),
    config.queues.includes('collaborations') ? bundledWorkflows() : undefined,
  ]);
  const database = createDatabase({ url: databaseUrl, connectionsMax, applicationName: workerId });
  const stores = createStores(database);
  const feed = createEventFeed({ database });
  const artifacts = createArtifactStore(s3);
  const registry = createWorkerRegistry({ url: databaseUrl });
  const client = new Client({ connection, namespace: temporalNamespace });
  const engine = createEngine(client, config.taskQueue);
  const sandbox = lazySandbox(config);
  const programs = await wirePrograms({ config, database, stores, sandbox, logger });
  const wired = wireActivities({
    config,
    workerId,
    database,
    stores,
    feed,
    artifacts,
    signer,
    adapters: adapters.map(({ adapter }) => adapter),
    presence: (run) => engine.presence(run),
    programs: programs.deps,
    onFault,
    sandbox,
  });
  feed.watchCancelled(({ collaborationId, turns }) => {
    wired.calls.stop(collaborationId, turns);
  });
  const workers = await createWorkers(config, { ...wired, connection, workerId, codePath });
  const registration = await registry.register({
    workerId,
    taskQueue: config.taskQueue,
    adapters: adapters.map(({ description }) => description),
  });
  const { turns, sandboxRuns } = stores;
  const takeover = watchWorkers({ registry, turns, sandboxRuns, client, log: logger });
  const webhooks = await wireWebhooks({ config, database, queue: stores.deliveryQueue, logger });
  stopWhenTold(workers);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const hasWorkflows = codePath !== undefined;
  const { taskQueue } = config;
  const rehearsed = hasWorkflows ? rehearse(client, { workerId, taskQueue }).catch(onFault) : null;
  // When we say that we are ready, what a dead worker left is on its way again; but not for ever is it waited for.
  const prepared = Promise.all([takeover.looked, rehearsed]);
  await Promise.race([running, prepared, delay(readyMaxMs, undefined, { ref: false })]);
  process.send?.({ kind: 'ready' });
  logger.info({ workerId, taskQueue: config.taskQueue, queues: config.queues }, 'worker ready');
  if (sandbox.wasUsed()) prepareSandbox(sandbox, workerId);
  await running;
  await Promise.all([takeover.stop(), webhooks.stop(), programs.stop(), sandbox.close()]);
  await registration.close();
  await registry.close();
  await feed.close();
  artifacts.close();
  await database.close();
  await connection.close();
  if (process.connected) process.disconnect();
}

/** A worker that lacks an adapter would fail turns that others answer: it does not start at all. */
async function loadedAdapters(): Promise<readonly LoadedAdapter[]> {
  const loaded = await loadAdapters(config.adapters);
  if (!loaded.ok) return refuse(loaded.faults.map((fault) => `CONCLAVE_ADAPTERS: ${fault}`));
  for (const { module, description } of loaded.adapters) {
    logger.info({ ...description, module }, 'adapter loaded');
  }
  return loaded.adapters;
}

/** Temporal may come up after us: it is waited for, a minute at most. */
async function connected(address: string): Promise<NativeConnection> {
  for (let tries = 1; ; tries += 1) {
    try {
      // What travels is small; on one machine it takes longer to compress than to send.
      return await NativeConnection.connect({ address, metadata: {}, grpcCompression });
    } catch (error) {
      if (tries === connectTriesMax) throw error;
      await delay(connectPauseMs);
    }
  }
}

/** Makes it now, beside the path: what a dead worker left is swept, and the first run need not wait. */
function prepareSandbox(sandbox: LazySandbox, workerId: string): void {
  sandbox.get().then(
    ({ backend }) => {
      logger.info({ workerId, backend }, 'sandbox made');
    },
    (err: unknown) => {
      logger.warn({ workerId, err }, 'sandbox could not be made; the next run tries again');
    },
  );
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
