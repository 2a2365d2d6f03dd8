import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Sandbox } from '../domain/sandbox/run.ts';
import type { ServiceConfig } from '../infra/config.ts';
import { createSandbox } from '../infra/sandbox/sandbox.ts';

/** The sandbox of this process, made when it is first needed. */
export interface LateSandbox extends Pick<Sandbox, 'run' | 'close'> {
  /** Makes it now, so that what dead engines left is swept and the first run does not wait; never rejects. */
  prepare(): Promise<void>;
}

/** What it takes to make it. */
export interface LateSandboxDeps {
  readonly make: () => Promise<Sandbox>;
  /** Told which backend there is, and what it proved. */
  readonly onMade: (sandbox: Sandbox) => void;
  /** Told when it could not be made; the next run tries again. */
  readonly onFault: (error: unknown) => void;
}

/** Makes a sandbox that is made beside the path: trying what a machine protects takes a moment. */
export function createLateSandbox({ make, onMade, onFault }: LateSandboxDeps): LateSandbox {
  let made: Promise<Sandbox> | undefined;
  const sandbox = async (): Promise<Sandbox> => {
    made ??= make();
    try {
      return await made;
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
  return {
    run: async (run, signal) => await (await sandbox()).run(run, signal),
    prepare: async () => {
      await sandbox().then(onMade, onFault);
    },
    close: async () => {
      const last = await made?.catch(() => undefined);
      await last?.close();
    },
  };
}

/** Makes the sandbox that the configuration describes. */
export async function configuredSandbox(config: ServiceConfig): Promise<Sandbox> {
  return await createSandbox({ backend: 'bwrap', folder: folderOf(config) });
}

function folderOf({ dataFolder }: ServiceConfig): string {
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 12);
  return join(tmpdir(), `conclave-sandbox-${name}`);
}
