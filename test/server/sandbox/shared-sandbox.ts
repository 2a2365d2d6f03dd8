import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';

import type { Grant, SandboxResult } from '../../../domain/sandbox/run.ts';
import type { SandboxOptions } from '../../../infra/sandbox/sandbox.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { ownSandbox, setUpMs, untriedSandbox } from './own-sandbox.ts';
import type { OwnSandbox } from './own-sandbox.ts';

/** A sandbox for all tests of the file or `describe` that calls this; it is removed after the last. */
export function sharedSandbox(
  options: Partial<SandboxOptions> = {},
): Pick<OwnSandbox, 'sandbox' | 'folder'> {
  return shared(async () => await ownSandbox(options));
}

/** How copies are made where folders can be laid over one another, and where they cannot. */
export const waysOfCopies = ['laid over', 'made whole'] as const;
/** One of them. */
export type WayOfCopies = (typeof waysOfCopies)[number];

/** As {@link sharedSandbox}, one for each way of copies. */
export function sandboxesForCopies(): Readonly<
  Record<WayOfCopies, Pick<OwnSandbox, 'sandbox' | 'folder'>>
> {
  const laid = sharedSandbox();
  const whole = shared(async () => await untriedSandbox(laid.sandbox, { firstUid: 300_000 }));
  return { 'laid over': laid, 'made whole': whole };
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
 * Ends a run once its program has begun, and gives what it came to.
 *
 * @param onHost - a folder of the host, where the program makes a file `now` when it begins
 * @param steps - what begins and what ends it
 * @param steps.start - starts the run with that folder as `/begun`
 * @param steps.end - makes it end, sooner or later
 */
export async function endedOnceBegun(
  onHost: string,
  {
    start,
    end,
  }: {
    readonly start: (grants: readonly Grant[]) => Promise<SandboxResult>;
    readonly end: () => unknown;
  },
): Promise<SandboxResult> {
  const started = start([{ host: onHost, path: '/begun', mode: 'write' }]);
  // One that never begins is told as it ended.
  let hasEnded = false;
  void started.then(() => (hasEnded = true));
  await untilSeen(
    async () => await Promise.resolve(hasEnded || existsSync(join(onHost, 'now'))),
    Boolean,
  );
  await end();
  return await started;
}

/** As {@link endedOnceBegun}, by cancelling; the run gets the signal. */
export async function cancelledOnceBegun(
  onHost: string,
  start: (grants: readonly Grant[], signal: AbortSignal) => Promise<SandboxResult>,
): Promise<SandboxResult> {
  const canceller = new AbortController();
  return await endedOnceBegun(onHost, {
    start: async (grants) => await start(grants, canceller.signal),
    end: () => {
      canceller.abort();
    },
  });
}

function shared(make: () => Promise<OwnSandbox>): Pick<OwnSandbox, 'sandbox' | 'folder'> {
  let own: OwnSandbox | undefined;
  beforeAll(async () => {
    own = await make();
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

function there<T>(made: T | undefined): T {
  if (made === undefined) throw new Error('got nothing, expected to be asked within a test');
  return made;
}
