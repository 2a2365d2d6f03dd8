import { existsSync } from 'node:fs';

import type { Sandbox } from '../domain/sandbox/run.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { createSandbox } from '../infra/sandbox/sandbox.ts';
import { sandboxFolder } from '../infra/sandbox/sandbox-folder.ts';
import { makeSnippetLanes } from '../infra/sandbox/snippet-lanes.ts';

/** The sandbox of a worker, made beside the path: trying what protects takes a few hundred milliseconds. */
export interface LazySandbox extends Pick<Sandbox, 'run' | 'close'> {
  /**
   * Gives the one sandbox of this process; where nothing protects here, one that refuses everything and says why.
   * What dead engines left is swept as it is made.
   */
  get(): Promise<Sandbox>;
  /** Whether engines ran here before, of which something may be left. */
  wasUsed(): boolean;
}

/**
 * Makes the sandbox that everything of a worker shares, with the first run or whoever asks for it before.
 *
 * @param config - which backend, and where its folder is
 */
export function lazySandbox(config: Pick<ServiceConfig, 'dataFolder' | 'sandbox'>): LazySandbox {
  const { backend } = config.sandbox;
  const folder = folderOf(config);
  let made: Promise<Sandbox> | undefined;
  const get = async (): Promise<Sandbox> => {
    made ??= createSandbox({ backend, folder, makeLanes: makeSnippetLanes });
    try {
      return await made;
    } catch (error) {
      made = undefined; // the next run tries again
      throw error;
    }
  };
  return {
    get,
    wasUsed: () => existsSync(folder),
    run: async (run, signal) => await (await get()).run(run, signal),
    close: async () => {
      await (await made?.catch(() => undefined))?.close();
    },
  };
}

function folderOf({ dataFolder, sandbox }: Pick<ServiceConfig, 'dataFolder' | 'sandbox'>): string {
  const isRoot = process.getuid?.() === 0;
  return sandboxFolder({ configured: sandbox.dataFolder, dataFolder, isRoot });
}
