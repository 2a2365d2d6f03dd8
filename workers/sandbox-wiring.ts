import { existsSync } from 'node:fs';

import type { Sandbox } from '../domain/sandbox/run.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { createSandbox } from '../infra/sandbox/sandbox.ts';
import { sandboxFolder } from '../infra/sandbox/sandbox-folder.ts';
import { makeSnippetLanes } from '../infra/sandbox/snippet-lanes.ts';

type SandboxConfig = Pick<ServiceConfig, 'dataFolder' | 'queues' | 'sandbox'>;

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
 * @param config - which backend, where its folder is, and whether snippets are run
 */
export function lazySandbox(config: SandboxConfig): LazySandbox {
  const { backend, image } = config.sandbox;
  const folder = folderOf(config);
  // They keep engines warm: only for whoever takes snippets.
  const lanes = config.queues.includes('sandbox') ? { makeLanes: makeSnippetLanes } : {};
  let made: Promise<Sandbox> | undefined;
  const get = async (): Promise<Sandbox> => {
    made ??= createSandbox({ backend, folder, image, ...lanes });
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

function folderOf({ dataFolder, sandbox }: SandboxConfig): string {
  const isRoot = process.getuid?.() === 0;
  return sandboxFolder({ configured: sandbox.dataFolder, dataFolder, isRoot });
}
