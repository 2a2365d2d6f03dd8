import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { Protection } from '../../../infra/sandbox/protections.ts';
import { hostProcesses } from '../../support/sandbox/processes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { hasRunsc } from './backends.ts';
import { engineUids } from './engines.ts';
import { endEngine, killEngine, leftOf, startEndless, swept } from './killed-engines.ts';
import { setUpMs, stateFolder } from './own-sandbox.ts';

const RUNS = 2;

let folder: string;
let engine: ChildProcess | undefined;

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

beforeEach(() => {
  engine = undefined;
});

afterEach(async () => {
  await endEngine(engine, folder);
});

for (const uid of hasRunsc() ? engineUids() : []) {
  describe(`runsc, an engine of user ${String(uid)}`, () => {
    beforeEach(() => {
      folder = stateFolder(uid);
    });

    async function started(without: readonly Protection[] = []): Promise<ChildProcess> {
      const order = { backend: 'runsc', folder, word: randomUUID(), runs: RUNS, without } as const;
      engine = startEndless(order, uid);
      await untilSeen(
        async () => await Promise.resolve(containers('runsc-sandbox').length),
        (seen) => seen === RUNS,
      );
      return engine;
    }

    test('everything dies with a killed engine, and the next sweep leaves nothing else of it', async () => {
      await killEngine(await started());
      await untilNoContainers();
      const left = leftOf(folder, RUNS).folders;
      const found = await swept(folder, uid);

      expect(left).toHaveLength(RUNS);
      expect(found).toMatchObject({ folders: RUNS + 1, processes: 0 });
      expect(leftOf(folder, RUNS)).toEqual({ folders: [], cgroups: [], mounts: [] });
    });

    test('the sweep ends what outlived its engine', async () => {
      await killEngine(await started(['dies-with-engine']));

      const outlived = containers().length;
      const found = await swept(folder, uid);
      await untilNoContainers();

      expect(outlived).toBeGreaterThanOrEqual(RUNS);
      expect(found.processes).toBeGreaterThanOrEqual(RUNS);
    });
  });
}

test('a folder where nothing ever ran has nothing to be swept', async () => {
  folder = stateFolder();

  expect(await swept(folder, null)).toEqual({ folders: 0, cgroups: 0, processes: 0 });
});

/** The processes of runsc, of this name where one is given, that this test's folder was named to. */
function containers(name = ''): number[] {
  return hostProcesses()
    .filter(({ words }) => words[0]?.startsWith(name) === true)
    .filter(({ words }) => !words.some((word) => word.endsWith('endless-program.ts')))
    .filter(({ words }) => words.some((word) => word.includes(folder)))
    .map(({ pid }) => pid);
}

async function untilNoContainers(): Promise<void> {
  await untilSeen(
    async () => await Promise.resolve(containers()),
    (seen) => seen.length === 0,
  );
}
