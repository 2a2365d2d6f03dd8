import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';

import { sha256Of } from '../signing.ts';

/** Where objects are kept, and how patiently to ask. */
export interface ArtifactStoreOptions {
  /** URL of any S3; the bucket goes into the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /**
   * When checksums are computed and checked beside the name's own SHA-256. `when-supported` unless set; some stores
   * know none and need `when-required`.
   */
  readonly checksums?: 'when-supported' | 'when-required';
  /** Time until one try is answered, milliseconds; 10,000 unless set. What is answered may take six times as long to read. */
  readonly requestTimeoutMs?: number;
  /** Tries of one request, the first included; 4 unless set. */
  readonly attemptsMax?: number;
}

/** An object as it is kept. */
export interface StoredArtifact {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** An object's bytes and what they are. */
export interface ArtifactContent {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Says that a store gave other bytes than those that were put under this name. */
export class ArtifactDamagedError extends Error {
  constructor(key: string, found: string) {
    super(`artifact ${key}: its bytes hash to ${found}`);
    this.name = 'ArtifactDamagedError';
  }
}

/** Says that a store has nothing under a name. */
export class ArtifactMissingError extends Error {
  constructor(key: string) {
    super(`artifact ${key}: the store has none`);
    this.name = 'ArtifactMissingError';
  }
}

/**
 * Objects named by the SHA-256 of their bytes, apart for each tenant. Every method may be called many times at once
 * and repeated at will; each rejects when the store cannot be reached within the tries it has.
 */
export interface ArtifactStore {
  /** Puts bytes; what is there already is left as it is. */
  put(tenantId: string, bytes: Uint8Array, mediaType: string): Promise<StoredArtifact>;
  /** Gets bytes that still fit their name; rejects with ArtifactMissingError or ArtifactDamagedError. */
  get(tenantId: string, sha256: string): Promise<Uint8Array>;
  /** Gets bytes that still fit their name together with their media type; undefined where there are none. */
  find(tenantId: string, sha256: string): Promise<ArtifactContent | undefined>;
  /** Says what is there without fetching it; undefined where there is nothing. */
  head(
    tenantId: string,
    sha256: string,
  ): Promise<(StoredArtifact & { readonly mediaType: string }) | undefined>;
  /** Makes the bucket where there is none; processes may do so at once. */
  ensureBucket(): Promise<void>;
  /** Ends idle connections. */
  close(): void;
}

const connectionTimeoutMs = 2_000;
const requestTimeoutDefaultMs = 10_000;
const attemptsDefault = 4;
/** Ten megabytes over a slow line take longer than an answer does; a store that falls silent halfway is given up as well. */
const readPatience = 6;
const conflictsMax = 5;
const conflictPauseMs = 20;
const unknownMediaType = 'application/octet-stream';

/** Makes a store over any S3. Nothing is asked of it yet. */
export function createArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  const client = clientOf(options);
  const { bucket } = options;
  const patienceMs = readPatience * (options.requestTimeoutMs ?? requestTimeoutDefaultMs);
  const find: ArtifactStore['find'] = async (tenantId, sha256) => {
    const key = keyOf(tenantId, sha256);
    const object = await orMissing(client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
    if (object?.Body === undefined) return undefined;
    const bytes = await within(object.Body, patienceMs, key);
    const found = sha256Of(bytes);
    if (found !== sha256) throw new ArtifactDamagedError(key, found);
    return { bytes, mediaType: object.ContentType ?? unknownMediaType };
  };
  return {
    find,
    put: async (tenantId, bytes, mediaType) => {
      const sha256 = sha256Of(bytes);
      const key = keyOf(tenantId, sha256);
      await putOnce(client, { bucket, key, bytes, mediaType });
      return { sha256, bytes: bytes.length };
    },
    get: async (tenantId, sha256) => {
      const content = await find(tenantId, sha256);
      if (content === undefined) throw new ArtifactMissingError(keyOf(tenantId, sha256));
      return content.bytes;
    },
    head: async (tenantId, sha256) => {
      const key = keyOf(tenantId, sha256);
      const object = await orMissing(
        client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })),
      );
      if (object === undefined) return undefined;
      const mediaType = object.ContentType ?? unknownMediaType;
      return { sha256, bytes: object.ContentLength ?? 0, mediaType };
    },
    ensureBucket: async () => {
      await ensureBucket(client, bucket);
    },
    close: () => {
      client.destroy();
    },
  };
}

/**
 * Names an object within the bucket: `<tenant>/<first two digits>/<sha256>`.
 *
 * @throws RangeError for a hash that is none, so that no key ever leads to another tenant's part
 */
export function keyOf(tenantId: string, sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new RangeError(
      `artifact: got ${JSON.stringify(sha256)}, expected a SHA-256 in hexadecimal`,
    );
  }
  if (!/^[A-Za-z0-9_-]+$/.test(tenantId)) {
    throw new RangeError(`artifact: got tenant ${JSON.stringify(tenantId)}, expected an id`);
  }
  return `${tenantId}/${sha256.slice(0, 2)}/${sha256}`;
}

/** Reads a body to its end; one that takes too long is torn off, and its connection with it. */
async function within(
  body: NonNullable<GetObjectCommandOutput['Body']>,
  timeoutMs: number,
  key: string,
): Promise<Uint8Array> {
  const patience = setTimeout(() => {
    const late = new Error(`artifact ${key}: not read within ${String(timeoutMs)} ms`);
    if (body instanceof Readable) body.destroy(late);
  }, timeoutMs);
  try {
    return await body.transformToByteArray();
  } finally {
    clearTimeout(patience);
  }
}

function clientOf(options: ArtifactStoreOptions): S3Client {
  const { checksums = 'when-supported' } = options;
  const when = checksums === 'when-required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  // Keep-alive, and the sockets that a busy worker needs: opening one costs more than a small put.
  const sockets = { keepAlive: true, maxSockets: 64 };
  return new S3Client({
    endpoint: options.endpoint,
    region: options.region,
    credentials: { accessKeyId: options.accessKey, secretAccessKey: options.secretKey },
    forcePathStyle: true,
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    maxAttempts: options.attemptsMax ?? attemptsDefault,
    requestHandler: {
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent(sockets),
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: options.requestTimeoutMs ?? requestTimeoutDefaultMs,
      throwOnRequestTimeout: true,
    },
  });
}

interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Writes where nothing is. 412 says that it is there, 409 that somebody is writing it just now. */
async function putOnce(client: S3Client, object: NewObject): Promise<void> {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: object.bucket,
          Key: object.key,
          Body: object.bytes,
          ContentType: object.mediaType,
          IfNoneMatch: '*',
        }),
      );
      return;
    } catch (error) {
      if (statusOf(error) === 412) return;
      if (statusOf(error) !== 409 || conflicts === conflictsMax) throw error;
      await delay(conflictPauseMs * 2 ** conflicts);
    }
  }
}

async function ensureBucket(client: S3Client, bucket: string): Promise<void> {
  const existing = await orMissing(client.send(new HeadBucketCommand({ Bucket: bucket })));
  if (existing !== undefined) return;
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    // Another process was faster; somebody else's bucket of that name is a fault.
    if (name !== 'BucketAlreadyOwnedByYou') throw error;
  }
}

async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
