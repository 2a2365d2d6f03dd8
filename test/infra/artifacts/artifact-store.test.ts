import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  createArtifactStore,
  keyOf,
  type ArtifactStore,
} from '../../../infra/artifacts/artifact-store.ts';
import { createTenantArtifacts } from '../../../infra/artifacts/tenant-artifacts.ts';
import type { ArtifactEntry } from '../../../infra/stores/artifact-index.ts';
import { sha256Of } from '../../../infra/signing.ts';

const bytes = new TextEncoder().encode('what was said');
const name = sha256Of(bytes);

describe('the place of an artifact', () => {
  test('is below its tenant, spread by its first digits', () => {
    expect(keyOf('local', name)).toBe(`local/${name.slice(0, 2)}/${name}`);
  });

  test.each(['..', '', 'A'.repeat(64), `${name}/x`, '../../etc'])('is refused for %j', (hash) => {
    expect(() => keyOf('local', hash)).toThrow(RangeError);
  });

  test.each(['', '../other', 'a/b'])('is refused for the tenant %j', (tenant) => {
    expect(() => keyOf(tenant, name)).toThrow(RangeError);
  });
});

describe('a store over an unruly server', () => {
  let server: Server;
  let store: ArtifactStore;
  let statuses: number[];
  let requests: { readonly method: string; readonly ifNoneMatch: string | undefined }[];

  beforeEach(async () => {
    statuses = [];
    requests = [];
    server = createServer((request, response) => {
      requests.push({
        method: request.method ?? '',
        ifNoneMatch: request.headers['if-none-match'],
      });
      request.resume();
      request.on('end', () => {
        response.statusCode = statuses.shift() ?? 200;
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    store = createArtifactStore({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'test',
      accessKey: 'a',
      secretKey: 's',
      attemptsMax: 3,
    });
  });

  afterEach(async () => {
    store.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test('writes only where nothing is', async () => {
    await store.put('local', bytes, 'text/plain');

    expect(requests).toEqual([{ method: 'PUT', ifNoneMatch: '*' }]);
  });

  test('takes "it is there" for done', async () => {
    statuses = [412];

    expect(await store.put('local', bytes, 'text/plain')).toEqual({ sha256: name, bytes: 13 });
    expect(requests).toHaveLength(1);
  });

  test('tries again while another is writing the same', async () => {
    statuses = [409, 409, 200];

    expect((await store.put('local', bytes, 'text/plain')).sha256).toBe(name);
    expect(requests).toHaveLength(3);
  });

  test('gives up on a conflict that does not end', async () => {
    statuses = Array.from({ length: 20 }, () => 409);

    await expect(store.put('local', bytes, 'text/plain')).rejects.toThrow();
    expect(requests).toHaveLength(6);
  });

  test('tries a failing server again, as often as it was told', async () => {
    statuses = [503, 500, 200];
    await store.put('local', bytes, 'text/plain');
    statuses = [500, 500, 500, 500];

    await expect(store.put('local', bytes, 'text/plain')).rejects.toThrow();
    expect(requests).toHaveLength(6);
  });

  test('finds no bucket fault where the bucket is there', async () => {
    await store.ensureBucket();

    expect(requests.map(({ method }) => method)).toEqual(['HEAD']);
  });
});

test('a store that falls silent in the middle of an object is given up', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('the first bytes');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const store = createArtifactStore({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    bucket: 'test',
    accessKey: 'a',
    secretKey: 's',
    requestTimeoutMs: 50,
  });

  await expect(store.get('local', name)).rejects.toThrow(`${name}: not read within 300 ms`);

  store.close();
  server.closeAllConnections();
  server.close();
});

describe("a tenant's artifacts", () => {
  function inMemory(): Parameters<typeof createTenantArtifacts>[0] & { readonly steps: string[] } {
    const objects = new Map<string, { bytes: Uint8Array; mediaType: string }>();
    const entries = new Map<string, ArtifactEntry>();
    const steps: string[] = [];
    return {
      steps,
      store: {
        put: (tenantId, content, mediaType) => {
          steps.push('store');
          objects.set(keyOf(tenantId, sha256Of(content)), { bytes: content, mediaType });
          return Promise.resolve({ sha256: sha256Of(content), bytes: content.length });
        },
        find: (tenantId, sha256) => Promise.resolve(objects.get(keyOf(tenantId, sha256))),
      },
      index: {
        record: (tenantId, found) => {
          steps.push('index');
          for (const entry of found) entries.set(`${tenantId} ${entry.sha256}`, entry);
          return Promise.resolve();
        },
        get: (tenantId, sha256) => Promise.resolve(entries.get(`${tenantId} ${sha256}`)),
      },
    };
  }

  test('are stored before the index names them', async () => {
    const deps = inMemory();
    const artifacts = createTenantArtifacts(deps);
    const entry = await artifacts.put('local', { bytes, mediaType: 'text/plain' });

    expect(deps.steps).toEqual(['store', 'index']);
    expect(await artifacts.describe('local', name)).toEqual(entry);
    expect(await artifacts.get('local', name)).toEqual({ bytes, mediaType: 'text/plain' });
  });

  test('are not there for another tenant, nor before they were put', async () => {
    const deps = inMemory();
    const artifacts = createTenantArtifacts(deps);
    await artifacts.put('local', { bytes, mediaType: 'text/plain' });
    await deps.index.record('other', [{ sha256: name, bytes: 13, mediaType: 'text/plain' }]);

    expect(await artifacts.get('third', name)).toBeUndefined();
    expect(await artifacts.get('other', name)).toBeUndefined();
    expect(await artifacts.describe('local', sha256Of('else'))).toBeUndefined();
  });
});
