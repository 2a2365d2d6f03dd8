import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { slotName } from '../../../infra/sandbox/slots.ts';
import type { Swept } from '../../../infra/sandbox/sweep.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { hasRunsc } from './backends.ts';
import { engineUids, outputOf, startEngine, stateFolder } from './engines.ts';

const RUNS = 2;
const STARTED_MS = 30_000;
const DIED_MS = 1000;
const LOOK_MS = 10;
const TEST_MS = 60_000;
const TOOLS_MS = 300_000;
const endless = join(import.meta.dirname, 'endless-program.ts');
const sweeping = join(import.meta.dirname, 'sweep-program.ts');

let folder: string;

beforeAll(() => {
  ensureSandboxTools();
}, TOOLS_MS);

beforeEach(() => {
  folder = '';
});

afterEach(() => {
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  if (folder !== '') rmSync(folder, { recursive: true, force: true });
});

for (const uid of hasRunsc() ? engineUids() : []) {
  describe(`runsc, an engine of user ${String(uid)}`, () => {
    test(
      'everything dies with a killed engine, and the next sweep leaves nothing else of it',
      async () => {
        const engine = await startEndless(uid, []);

        engine.kill('SIGKILL');
        await until(() => processesOf(folder).length === 0, DIED_MS);

        expect(readdirSync(join(folder, 'slots'))).toHaveLength(RUNS);
        const found = await swept(uid);
        expect(found).toMatchObject({ folders: RUNS + 1, processes: 0 });
        expect(readdirSync(join(folder, 'slots'))).toEqual([]);
        expect(leftCgroups()).toEqual([]);
        expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
      },
      TEST_MS,
    );

    test(
      'the sweep ends what outlived its engine',
      async () => {
        const engine = await startEndless(uid, ['dies-with-engine']);
        engine.kill('SIGKILL');
        await until(() => engine.signalCode !== null, DIED_MS);

        const outlived = processesOf(folder).length;
        const found = await swept(uid);
        await until(() => processesOf(folder).length === 0, DIED_MS);

        expect(outlived).toBeGreaterThanOrEqual(RUNS);
        expect(found.processes).toBeGreaterThanOrEqual(RUNS);
      },
      TEST_MS,
    );
  });
}

test('a folder where nothing ever ran has nothing to be swept', async () => {
  folder = stateFolder(null);

  expect(await swept(null)).toEqual({ folders: 0, cgroups: 0, processes: 0 });
});

async function startEndless(
  uid: number | null,
  without: readonly Protection[],
): Promise<ChildProcess> {
  folder = stateFolder(uid);
  const order = { backend: 'runsc', folder, word: randomUUID(), runs: RUNS, without };
  const engine = startEngine(endless, order, { uid, env: {} });
  await until(() => kernels() === RUNS, STARTED_MS);
  return engine;
}

/** How many kernels of runsc run for this test's engine. */
function kernels(): number {
  return processesOf(folder).filter((pid) => commandOf(pid).startsWith('runsc-sandbox')).length;
}

/** Processes of the host that have the folder in their command. */
function processesOf(path: string): number[] {
  if (path === '') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !commandOf(pid).includes('endless-program') && commandOf(pid).includes(path));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended between the two looks
  }
}

/** What a later engine of the same user finds to take away. */
async function swept(uid: number | null): Promise<Swept> {
  const child = startEngine(sweeping, { folder }, { uid, env: {} });
  const { stdout, stderr, code } = await outputOf(child);
  if (code !== 0) throw new Error(`sweep: ended with ${String(code)}: ${stderr}`);
  return JSON.parse(stdout) as Swept;
}

async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${String(isSo)}`);
    await wait(LOOK_MS);
  }
}

/** Of this test's engine: others may run beside it. */
function leftCgroups(): string[] {
  const own = Array.from({ length: RUNS }, (_, index) =>
    slotName(join(folder, 'slots', String(index + 1))),
  );
  return findOwnCgroups()
    .parents.filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).filter((name) => own.includes(name)));
}
