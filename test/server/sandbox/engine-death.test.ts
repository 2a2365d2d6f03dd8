import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { processesNamed } from '../../support/sandbox/processes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { engineUids } from './engines.ts';
import { endEngine, killEngine, leftOf, startEndless, swept } from './killed-engines.ts';
import { setUpMs, stateFolder } from './own-sandbox.ts';

const RUNS = 3;
const nothing = { folders: [], cgroups: [], mounts: [] };

let folder: string;
let word: string;
let engine: ChildProcess | undefined;

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

describe.each(engineUids())('an engine of user %s', (uid) => {
  beforeEach(() => {
    engine = undefined;
    folder = stateFolder(uid);
    word = `endless-${randomUUID()}`;
  });

  afterEach(async () => {
    await endEngine(engine, folder);
  });

  async function started(without: readonly Protection[] = []): Promise<ChildProcess> {
    engine = startEndless({ backend: 'bwrap', folder, word, runs: RUNS, without }, uid);
    await untilRunning(RUNS);
    return engine;
  }

  test('processes die with a killed engine, and the next sweep leaves nothing else of it', async () => {
    // Only who runs the tests has cgroups to make others in.
    const cgroups = uid === null ? RUNS * findOwnCgroups().parents.length : 0;

    await killEngine(await started());
    await untilRunning(0);
    const left = leftOf(folder, RUNS).folders;
    const found = await swept(folder, uid);

    expect(left).toHaveLength(RUNS);
    expect(found).toEqual({ folders: RUNS + 1, processes: 0, cgroups });
    expect(leftOf(folder, RUNS)).toEqual(nothing);
  });

  test('the sweep ends processes that outlived their engine', async () => {
    await killEngine(await started(['dies-with-engine']));

    const outlived = processesNamed(word).length;
    const found = await swept(folder, uid);

    expect(outlived).toBe(RUNS);
    expect(found.processes).toBeGreaterThanOrEqual(RUNS);
    expect(processesNamed(word)).toEqual([]);
    expect(leftOf(folder, RUNS)).toEqual(nothing);
  });

  test('the sweep leaves the runs of an engine that lives', async () => {
    await started();

    const found = await swept(folder, uid);

    expect(found).toEqual({ folders: 0, cgroups: 0, processes: 0 });
    expect(processesNamed(word)).toHaveLength(RUNS);
  });
});

/** Waits for as many of this test's commands. */
async function untilRunning(count: number): Promise<void> {
  await untilSeen(
    async () => await Promise.resolve(processesNamed(word).length),
    (seen) => seen === count,
  );
}
