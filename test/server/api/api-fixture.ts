import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';

import { createAdaptorServer } from '@hono/node-server';

import { createApp } from '../../../api/app.ts';
import type { App } from '../../../api/app.ts';
import type { ApiDeps, StartInput, SteeringOutcome } from '../../../api/ports.ts';
import { webhookHosts } from '../../../domain/webhooks/webhook-hosts.ts';
import type { ArtifactContent } from '../../../infra/artifacts/artifact-store.ts';
import { createTenantArtifacts } from '../../../infra/artifacts/tenant-artifacts.ts';
import { createDatabase } from '../../../infra/database/connection.ts';
import { createEventFeed } from '../../../infra/database/event-feed.ts';
import { createStores } from '../../../infra/stores/stores.ts';
import type { Stores } from '../../../infra/stores/stores.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import { openWebhookSecrets } from '../../../infra/webhooks/webhook-secrets.ts';
import { freshDatabase } from '../../support/postgres.ts';
import { newSigningKey } from '../../support/signing-key.ts';

/** An application on a real, fresh database; runs are accepted and never begin. */
export interface ApiFixture {
  readonly app: App;
  readonly stores: Stores;
  readonly started: readonly StartInput[];
  request(path: string, init: RequestInit & { key: string }): Promise<Response>;
  post(path: string, body: unknown, key: string): Promise<Response>;
  /** Listens on a free port. */
  listen(): Promise<{ address: string; server: Server }>;
  close(): Promise<void>;
}

/** Opens the application with the tenants `one`, which may run code, and `two`; their keys are `key-one` and `key-two`. */
export async function openApi(): Promise<ApiFixture> {
  const database = await freshDatabase();
  const administration = createTenantAdministration({ ownerUrl: database.ownerUrl });
  for (const tenantId of ['one', 'two']) {
    await administration.createTenant({ tenantId, name: tenantId, apiKey: `key-${tenantId}` });
  }
  await administration.allowCode('one', true);
  await administration.close();
  const pool = createDatabase({
    url: database.appUrl,
    connectionsMax: 8,
    applicationName: 'test-api',
  });
  const stores = createStores(pool);
  const feed = createEventFeed({ database: pool });
  const started: StartInput[] = [];
  const deps: ApiDeps = {
    ...stores,
    accounts: stores.providerAccounts,
    artifacts: createTenantArtifacts({ store: objectsInMemory(), index: stores.artifacts }),
    feed: {
      watch: feed.watch.bind(feed),
      watchLive: feed.watchLive.bind(feed),
      announceWatch: () => Promise.resolve(),
    },
    webhookSecrets: await openWebhookSecrets(newSigningKey()),
    judgeWebhookHost: webhookHosts({ hosts: [], loopback: true }),
    webhookBacklog: () => stores.deliveryQueue.backlog(),
    engine: engineOf(started),
    sandboxEngine: {
      start: () => Promise.resolve({ kind: 'started' }),
      cancel: () => Promise.resolve({ kind: 'done' }),
    },
    sandboxFolders: [],
    parts: [],
    signingKeys: [],
    isHostAllowed: () => true,
    isHostNamed: () => true,
    isSimulated: () => false,
    isKeyVariable: () => true,
    isCommandVariable: () => true,
    isSecretSet: () => true,
    log: { info: nothing, warn: nothing, error: nothing, debug: nothing },
    version: '0.0.0',
    now: Date.now,
  };
  const app = createApp(deps);
  const request: ApiFixture['request'] = async (path, { key, ...init }) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${key}`);
    return await app.api.request(path, { ...init, headers });
  };
  return {
    app,
    stores,
    started,
    request,
    post: async (path, body, key) =>
      await request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        key,
      }),
    listen: async () => {
      const server = createAdaptorServer({ fetch: app.api.fetch }) as Server;
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const { port } = server.address() as AddressInfo;
      return { address: `http://127.0.0.1:${String(port)}`, server };
    },
    close: async () => {
      app.stop();
      await feed.close();
      await pool.close();
      await database.drop();
    },
  };
}

function nothing(): void {
  // A test's output is no place for a log.
}

function engineOf(started: StartInput[]): ApiDeps['engine'] {
  const done = (): Promise<SteeringOutcome> => Promise.resolve({ kind: 'done', status: 'running' });
  return {
    start: (input) => {
      started.push(input);
      return Promise.resolve({ kind: 'started' });
    },
    restore: () => Promise.resolve({ kind: 'known' }),
    presence: () => Promise.resolve({ kind: 'busy' }),
    catchUp: () => Promise.resolve(),
    incarnation: () => Promise.resolve('the only one'),
    pause: done,
    resume: done,
    cancel: done,
    close: done,
    addMessage: done,
    addParticipant: done,
    raiseBudget: done,
    answerApproval: done,
  };
}

function objectsInMemory(): Parameters<typeof createTenantArtifacts>[0]['store'] {
  const objects = new Map<string, ArtifactContent>();
  return {
    put: (tenantId, bytes, mediaType) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      objects.set(`${tenantId}/${sha256}`, { bytes, mediaType });
      return Promise.resolve({ sha256, bytes: bytes.byteLength });
    },
    find: (tenantId, sha256) => Promise.resolve(objects.get(`${tenantId}/${sha256}`)),
  };
}
