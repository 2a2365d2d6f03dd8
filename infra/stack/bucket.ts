import type { Connections } from '../config.ts';

/**
 * Sees to it that the bucket exists.
 *
 * @throws Error of the S3 client when the endpoint refuses or does not answer.
 */
export async function ensureBucket(s3: Connections['s3']): Promise<void> {
  // Loaded when needed: the client is the largest thing the supervisor would carry.
  const { CreateBucketCommand, HeadBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    forcePathStyle: true,
    credentials: { accessKeyId: s3.accessKey, secretAccessKey: s3.secretKey },
  });
  try {
    await client.send(new HeadBucketCommand({ Bucket: s3.bucket }));
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status !== 404) throw error;
    await client.send(new CreateBucketCommand({ Bucket: s3.bucket }));
  } finally {
    client.destroy();
  }
}
