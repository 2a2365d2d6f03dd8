import { join } from 'node:path';

import type { Sandbox } from '../domain/sandbox/run.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { createSandbox } from '../infra/sandbox/sandbox.ts';

/** The sandbox of a worker, made when something is run for the first time. */
export interface LazySandbox {
  /** Gives the one sandbox of this process; where nothing protects here, one that refuses everything and says why. */
  get(): Promise<Sandbox>;
  /** Ends what runs in it. A second call does nothing, and so does one before the first run. */
  close(): Promise<void>;
}

/** As root each run has a user id of its own, and all engines of a machine have to share the ids: by this folder. */
const sharedFolder = '/var/lib/conclave/sandbox';

/**
 * Makes the sandbox that everything of a worker shares. Trying what protects takes a few hundred milliseconds, so that a worker
 * which never runs anything never tries.
 *
 * @param config - where its folder is: as root in one place for all engines of the machine, otherwise in the data folder
 */
export function lazySandbox(config: Pick<ServiceConfig, 'dataFolder'>): LazySandbox {
  const folder = process.getuid?.() === 0 ? sharedFolder : join(config.dataFolder, 'sandbox');
  let made: Promise<Sandbox> | undefined;
  return {
    get: async () => {
      made ??= createSandbox({ backend: 'bwrap', folder });
      try {
        return await made;
      } catch (error) {
        made = undefined; // the next run tries again
        throw error;
      }
    },
    close: async () => {
      await (await made?.catch(() => undefined))?.close();
    },
  };
}
