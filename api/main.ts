/** Wires the API to its parts and listens. */
import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { allowedHosts } from '../domain/providers/allowed-hosts.ts';
import { webhookHosts } from '../domain/webhooks/webhook-hosts.ts';
import { createArtifactStore } from '../infra/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../infra/artifacts/artifact-store.ts';
import { createTenantArtifacts } from '../infra/artifacts/tenant-artifacts.ts';
import { readServiceConfig } from '../infra/config.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { createDatabase } from '../infra/database/connection.ts';
import type { Database } from '../infra/database/connection.ts';
import { createEventFeed } from '../infra/database/event-feed.ts';
import { listedVariables } from '../infra/listed-variables.ts';
import { createLogger } from '../infra/logger.ts';
import { loadSigner, signingKeyPath } from '../infra/signing.ts';
import { releaseVersion } from '../infra/stack/program-part.ts';
import { createStores } from '../infra/stores/stores.ts';
import { openTemporal } from '../infra/temporal/client.ts';
import type { TemporalConnection } from '../infra/temporal/client.ts';
import { createEngine } from '../infra/temporal/engine.ts';
import { createSandboxEngine } from '../infra/temporal/sandbox-engine.ts';
import { openWebhookSecrets } from '../infra/webhooks/webhook-secrets.ts';
import { createApp } from './app.ts';
import type { ApiDeps, Part } from './ports.ts';
import { createReconciler } from './starts/reconciler.ts';
import { createSandboxKeeper } from './sandbox/sandbox-keeper.ts';
import { createRestorer } from './starts/restorer.ts';

const DATABASE_CONNECTIONS = 10;
const PROBE_TIMEOUT_MS = 1000;
/** Requests that take longer than this when the process is told to end are cut off. */
const GRACE_MS = 3000;
const WATCH_CHANNEL = 'conclave_watch';

const config = readServiceConfig('api');
const log = createLogger({ level: config.logLevel, part: 'api' });
const version = releaseVersion();
const parts = await connect(config);
const app = createApp(parts.deps);
const reconciler = createReconciler(parts.deps, app.metrics);
const restorer = createRestorer(parts.deps, app.metrics);
const sandboxKeeper = createSandboxKeeper(parts.deps);
const server = createAdaptorServer({ fetch: app.api.fetch }) as Server;

let isEnding = false;
process.on('SIGTERM', () => void end());
process.on('SIGINT', () => void end());
process.on('disconnect', () => void end());

server.once('error', (err) => {
  log.fatal({ err, port: config.port }, 'api cannot listen');
  process.exitCode = 1;
  void end();
});
server.listen(config.port, config.host, () => {
  const { port } = server.address() as AddressInfo;
  const address = `http://${config.host}:${port}`;
  log.info({ address, version }, 'api listens');
  process.send?.({ kind: 'ready', address, version });
});

async function connect(settings: ServiceConfig): Promise<{
  deps: ApiDeps;
  close: () => Promise<void>;
}> {
  const { connections, allowedHosts: hosts } = settings;
  const database = createDatabase({
    url: connections.databaseUrl,
    connectionsMax: DATABASE_CONNECTIONS,
    applicationName: 'conclave-api',
  });
  const stores = createStores(database);
  const feed = createEventFeed({ database });
  const store = createArtifactStore(connections.s3);
  const temporal = openTemporal({
    address: connections.temporalAddress,
    namespace: connections.temporalNamespace,
  });
  const signer = await loadSigner(signingKeyPath(settings.dataFolder));
  const { keyId, publicKeyPem: pem, publicKeyRaw: raw } = signer;
  const { simulatedAddress } = connections;
  const simulatedHost = simulatedAddress === undefined ? '' : new URL(simulatedAddress).host;
  const deps: ApiDeps = {
    tenants: stores.tenants,
    collaborations: stores.collaborations,
    ledger: stores.ledger,
    sandboxRuns: stores.sandboxRuns,
    sandboxEngine: createSandboxEngine(temporal.client, settings.taskQueue),
    sandboxFolders: settings.sandboxFolders,
    turns: stores.turns,
    approvals: stores.approvals,
    adapters: stores.adapters,
    agents: stores.agents,
    accounts: stores.providerAccounts,
    programs: stores.programs,
    resolutions: stores.resolutions,
    webhooks: stores.webhooks,
    deliveries: stores.deliveries,
    webhookSecrets: await openWebhookSecrets(signingKeyPath(settings.dataFolder)),
    judgeWebhookHost: webhookHosts(settings.webhooks),
    webhookBacklog: () => stores.deliveryQueue.backlog(),
    artifacts: createTenantArtifacts({ store, index: stores.artifacts }),
    feed: {
      watch: (...about) => feed.watch(...about),
      watchLive: (...about) => feed.watchLive(...about),
      announceWatch: async (tenantId, stream) => {
        await database.sql`select pg_notify(${WATCH_CHANNEL}, ${`${tenantId} ${stream}`})`;
      },
    },
    engine: createEngine(temporal.client, settings.taskQueue),
    parts: partsOf({ database, temporal, store }),
    signingKeys: [{ keyId, algorithm: 'Ed25519', pem, raw }],
    isHostAllowed: allowedHosts({ hosts, loopback: settings.mode === 'local' }),
    isHostNamed: allowedHosts({ hosts, loopback: false }),
    isSimulated: (url) => simulatedHost !== '' && url.host === simulatedHost,
    isKeyVariable: listedVariables(settings.keyVariables),
    isCommandVariable: listedVariables(settings.commandVariables),
    commandFolders: settings.commandFolders,
    isSecretSet: (name) => (settings.secretNamed(name) ?? '') !== '',
    log,
    version,
    now: Date.now,
  };
  const close = async (): Promise<void> => {
    await feed.close();
    await Promise.allSettled([database.close(), temporal.close()]);
    store.close();
  };
  return { deps, close };
}

function partsOf(clients: {
  database: Database;
  temporal: TemporalConnection;
  store: ArtifactStore;
}): readonly Part[] {
  const { database, temporal, store } = clients;
  return [
    {
      name: 'database',
      probe: async () => {
        await database.sql`select 1`;
      },
    },
    {
      name: 'temporal',
      probe: async () => {
        await temporal.checkHealth(PROBE_TIMEOUT_MS);
      },
    },
    {
      name: 's3',
      probe: async () => {
        // An object that never is: the answer shows that address, key and bucket are right.
        await store.head('probe', '0'.repeat(64));
      },
    },
  ];
}

/** Ends streams first, for a server waits for them for ever; then what is idle; then, after a grace, all. */
async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  log.info('api ends');
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  app.stop();
  server.closeIdleConnections();
  const grace = setTimeout(() => {
    server.closeAllConnections();
  }, GRACE_MS);
  await Promise.all([closed, reconciler.stop(), restorer.stop(), sandboxKeeper.stop()]);
  clearTimeout(grace);
  await parts.close();
  if (process.connected) process.disconnect();
}
