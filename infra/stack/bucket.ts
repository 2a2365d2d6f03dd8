import type { Connections } from '../config.ts';

/**
 * Sees to it that the bucket exists.
 *
 * @throws Error of the S3 client when the endpoint refuses or does not answer.
 */
export async function ensureBucket(s3: Connections['s3']): Promise<void> {
  // Loaded when needed: the client is the largest thing the supervisor would carry.
  const { createArtifactStore } = await import('../artifacts/artifact-store.ts');
  const store = createArtifactStore(s3);
  try {
    await store.ensureBucket();
  } finally {
    store.close();
  }
}
