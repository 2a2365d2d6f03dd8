import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  ArtifactDamagedError,
  ArtifactMissingError,
  createArtifactStore,
  keyOf,
  type ArtifactStore,
} from '../../infra/artifacts/artifact-store.ts';
import { sha256Of } from '../../infra/signing.ts';

interface S3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

interface OwnServer {
  readonly process: ChildProcess;
  readonly folder: string;
}

const stackFile = join(import.meta.dirname, '..', '..', '.cache', 'test-stack.json');
const startWithinMs = 30_000;

let s3: S3;
let own: OwnServer | undefined;
let store: ArtifactStore;
let client: S3Client;

beforeAll(async () => {
  s3 = stackS3() ?? (await startOwn());
  // A server that is just starting refuses connections for a moment.
  store = createArtifactStore({ ...s3, attemptsMax: 8 });
  client = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  await store.ensureBucket();
}, startWithinMs);

afterAll(async () => {
  store.close();
  client.destroy();
  if (own === undefined) return;
  const exited = once(own.process, 'exit');
  own.process.kill('SIGTERM');
  await exited;
  await rm(own.folder, { recursive: true, force: true });
});

/** Bytes that no other test has put. */
function fresh(size = 64): Uint8Array {
  return new Uint8Array(randomBytes(size));
}

describe('an artifact', () => {
  test('comes back as it was put, with its media type and size', async () => {
    const bytes = fresh();
    const stored = await store.put('local', bytes, 'text/plain');

    expect(stored).toEqual({ sha256: sha256Of(bytes), bytes: 64 });
    expect(await store.get('local', stored.sha256)).toEqual(bytes);
    expect(await store.find('local', stored.sha256)).toEqual({ bytes, mediaType: 'text/plain' });
    expect(await store.head('local', stored.sha256)).toEqual({
      ...stored,
      mediaType: 'text/plain',
    });
  });

  test('is put once: what is there first stays', async () => {
    const bytes = fresh();
    const first = await store.put('local', bytes, 'text/plain');
    const second = await store.put('local', bytes, 'text/html');

    expect(second).toEqual(first);
    expect((await store.head('local', first.sha256))?.mediaType).toBe('text/plain');
  });

  test('is put by many at once without a fault', async () => {
    const bytes = fresh();
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => await store.put('local', bytes, 'text/plain')),
    );

    expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(1);
    expect(await store.get('local', sha256Of(bytes))).toEqual(bytes);
  });

  test('may be empty, and may be large', async () => {
    const large = fresh(11 * 1024 * 1024);
    const { sha256 } = await store.put('local', large, 'application/octet-stream');
    const empty = await store.put('local', new Uint8Array(), 'text/plain');

    expect(sha256Of(await store.get('local', sha256))).toBe(sha256);
    expect(await store.get('local', empty.sha256)).toHaveLength(0);
  });

  test('of one tenant is not there for another', async () => {
    const { sha256 } = await store.put('tenant-a', fresh(), 'text/plain');

    expect(await store.find('tenant-b', sha256)).toBeUndefined();
    expect(await store.head('tenant-b', sha256)).toBeUndefined();
    await expect(store.get('tenant-b', sha256)).rejects.toThrow(ArtifactMissingError);
  });

  test('whose bytes were changed in the store is refused', async () => {
    const { sha256 } = await store.put('local', fresh(), 'text/plain');
    const place = { Bucket: s3.bucket, Key: keyOf('local', sha256) };
    await client.send(new DeleteObjectCommand(place));
    await client.send(new PutObjectCommand({ ...place, Body: 'other bytes' }));

    await expect(store.get('local', sha256)).rejects.toThrow(ArtifactDamagedError);
    await expect(store.find('local', sha256)).rejects.toThrow(sha256);
  });

  test('is kept also where the store is asked for no checksums', async () => {
    const plain = createArtifactStore({ ...s3, checksums: 'when-required' });
    const bytes = fresh();
    const { sha256 } = await plain.put('local', bytes, 'text/plain');

    expect(await plain.get('local', sha256)).toEqual(bytes);
    plain.close();
  });
});

describe('a store', () => {
  test('makes its bucket when there is none, also when several do so at once', async () => {
    const bucket = `made-${randomBytes(6).toString('hex')}`;
    const stores = Array.from({ length: 4 }, () => createArtifactStore({ ...s3, bucket }));
    await Promise.all(
      stores.map(async (one) => {
        await one.ensureBucket();
      }),
    );
    const [one] = stores;
    const stored = await one?.put('local', fresh(), 'text/plain');

    expect(stored?.bytes).toBe(64);
    for (const each of stores) each.close();
  });

  test('rejects with the reason when its keys are wrong', async () => {
    const foreign = createArtifactStore({ ...s3, secretKey: 'wrong' });

    await expect(foreign.put('local', fresh(), 'text/plain')).rejects.toThrow(/[Ss]ignature/);
    foreign.close();
  });

  test('rejects within its tries when nobody answers', async () => {
    const port = await freePort();
    const away = createArtifactStore({
      ...s3,
      endpoint: `http://127.0.0.1:${port}`,
      attemptsMax: 2,
      requestTimeoutMs: 500,
    });

    await expect(away.put('local', fresh(), 'text/plain')).rejects.toThrow('ECONNREFUSED');
    away.close();
  });
});

/** The S3 of the stack that the test run brought up. */
function stackS3(): S3 | undefined {
  if (!existsSync(stackFile)) return undefined;
  return (JSON.parse(readFileSync(stackFile, 'utf8')) as { s3?: S3 }).s3;
}

/** A server of its own, where this file runs alone. */
async function startOwn(): Promise<S3> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-s3-'));
  for (const part of ['data', 'versions']) await mkdir(join(folder, part));
  const port = await freePort();
  const keys = { accessKey: 'test-access', secretKey: 'test-secret' };
  const server = spawn(
    join(homedir(), '.cache', 'conclave', 'bin', 'versitygw-1.8.0'),
    [
      ...['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive', 'posix'],
      ...['--versioning-dir', join(folder, 'versions'), join(folder, 'data')],
    ],
    {
      env: { ROOT_ACCESS_KEY: keys.accessKey, ROOT_SECRET_KEY: keys.secretKey },
      stdio: 'ignore',
    },
  );
  own = { process: server, folder };
  return { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', bucket: 'test', ...keys };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
