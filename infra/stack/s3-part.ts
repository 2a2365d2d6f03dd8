import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ensureSecret } from './data-folder.ts';
import type { PartLog } from './part-log.ts';
import { answersHttp } from './readiness.ts';
import type { PartPlan } from './supervised-part.ts';

const NO_ATTRIBUTES = /xattr|extended attribute/i;

/** Gives the keys of the embedded S3 server, drawing them by chance the first time. */
export function s3Keys(dataFolder: string): { accessKey: string; secretKey: string } {
  return {
    accessKey: ensureSecret(dataFolder, 's3-access-key', 12),
    secretKey: ensureSecret(dataFolder, 's3-secret-key', 30),
  };
}

/**
 * Plans the S3 server. It keeps what it knows about objects in extended attributes; on a file system
 * without them it keeps that in files beside, which is noted, because the two cannot be mixed.
 */
export function planS3(options: {
  dataFolder: string;
  binary: string;
  version: string;
  port: number;
  region: string;
  env: Readonly<Record<string, string | undefined>>;
  log: PartLog;
}): PartPlan {
  const root = join(options.dataFolder, 's3');
  const layoutFile = join(root, 'layout');
  const address = `http://127.0.0.1:${String(options.port)}`;
  const keys = s3Keys(options.dataFolder);
  return {
    name: 's3',
    address,
    version: options.version,
    readiness: { probe: async () => await answersHttp(address) },
    stopSignal: 'SIGTERM',
    hasChannel: false,
    prepare: () => {
      for (const folder of ['data', 'versions', 'meta']) {
        mkdirSync(join(root, folder), { recursive: true });
      }
      const refused = options.log.lastLines().some((line) => NO_ATTRIBUTES.test(line));
      if (refused && !existsSync(layoutFile)) writeFileSync(layoutFile, 'sidecar\n');
      return Promise.resolve();
    },
    command: () => ({
      program: options.binary,
      args: [
        ...['--port', `127.0.0.1:${String(options.port)}`, '--region', options.region],
        ...['--quiet', '--keep-alive', 'posix', '--versioning-dir', join(root, 'versions')],
        ...(hasSidecar(layoutFile) ? ['--sidecar', join(root, 'meta')] : []),
        join(root, 'data'),
      ],
      env: {
        ...options.env,
        ROOT_ACCESS_KEY: keys.accessKey,
        ROOT_SECRET_KEY: keys.secretKey,
      },
      cwd: root,
    }),
  };
}

function hasSidecar(layoutFile: string): boolean {
  return existsSync(layoutFile) && readFileSync(layoutFile, 'utf8').trim() === 'sidecar';
}
