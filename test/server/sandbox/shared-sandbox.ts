import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';

import type { Grant, SandboxResult } from '../../../domain/sandbox/run.ts';
import type { SandboxOptions } from '../../../infra/sandbox/sandbox.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { ownSandbox, setUpMs } from './own-sandbox.ts';
import type { OwnSandbox } from './own-sandbox.ts';

/** A sandbox for all tests of the file or `describe` that calls this; it is removed after the last. */
export function sharedSandbox(
  options: Partial<SandboxOptions> = {},
): Pick<OwnSandbox, 'sandbox' | 'folder'> {
  let own: OwnSandbox | undefined;
  beforeAll(async () => {
    own = await ownSandbox(options);
  }, setUpMs);
  afterAll(async () => {
    await own?.remove();
  });
  return {
    get sandbox() {
      return there(own).sandbox;
    },
    get folder() {
      return there(own).folder;
    },
  };
}

/** An empty folder of the host for each test of the file or `describe` that calls this; it is removed afterwards. */
export function folderForEach(): { readonly folder: string } {
  let folder: string | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conclave-given-'));
  });
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return there(folder);
    },
  };
}

/**
 * Cancels a run once its program has begun.
 *
 * @param onHost - a folder of the host, where the program makes a file `now` when it begins
 * @param start - starts the run with that folder as `/begun`
 */
export async function cancelledOnceBegun(
  onHost: string,
  start: (grants: readonly Grant[], signal: AbortSignal) => Promise<SandboxResult>,
): Promise<SandboxResult> {
  const canceller = new AbortController();
  const started = start([{ host: onHost, path: '/begun', mode: 'write' }], canceller.signal);
  await untilSeen(
    async () => await Promise.resolve(existsSync(join(onHost, 'now'))),
    (isThere) => isThere,
  );
  canceller.abort();
  return await started;
}

function there<T>(made: T | undefined): T {
  if (made === undefined) throw new Error('got nothing, expected to be asked within a test');
  return made;
}
