import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Readiness } from './readiness.ts';
import type { PartPlan } from './supervised-part.ts';

/** The project's own folder, from which its programs run. */
export const PROJECT_FOLDER = join(import.meta.dirname, '..', '..');

/** The version of this release, which our programs carry. */
export function releaseVersion(): string {
  const manifest = readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/**
 * Plans one of our own programs. The contract, in whole: when it serves it sends
 * `process.send?.({ kind: 'ready', address, version })`; on SIGTERM, and on `disconnect` of the
 * channel (its supervisor is gone), it finishes in good order and ends.
 */
export function planProgram(options: {
  name: string;
  /** Path of the main file, from the project's folder. */
  main: string;
  args?: readonly string[];
  address: string;
  version: string;
  env: Readonly<Record<string, string | undefined>>;
  readiness: Readiness;
}): PartPlan {
  return {
    name: options.name,
    address: options.address,
    version: options.version,
    readiness: options.readiness,
    stopSignal: 'SIGTERM',
    hasChannel: true,
    command: () => ({
      program: process.execPath,
      args: [join(PROJECT_FOLDER, options.main), ...(options.args ?? [])],
      // Types are stripped and code is compiled once, not at every start: half of a start's processor time.
      env: { NODE_COMPILE_CACHE: join(PROJECT_FOLDER, '.cache', 'compiled'), ...options.env },
      cwd: PROJECT_FOLDER,
    }),
  };
}
