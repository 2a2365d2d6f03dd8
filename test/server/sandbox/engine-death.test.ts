import { execFileSync } from 'node:child_process';
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
import { engineUids, outputOf, startEngine, stateFolder } from './engines.ts';

const RUNS = 3;
const STARTED_MS = 30_000;
const DIED_MS = 1000;
const LOOK_MS = 10;
const TEST_MS = 60_000;
const endless = join(import.meta.dirname, 'endless-program.ts');
const sweeping = join(import.meta.dirname, 'sweep-program.ts');

let folder: string;
let word: string;

beforeAll(() => {
  ensureSandboxTools();
}, STARTED_MS * 10);

describe.each(engineUids())('an engine of user %s', (uid) => {
  beforeEach(() => {
    folder = stateFolder(uid);
    word = `endless-${randomUUID()}`;
  });

  afterEach(() => {
    for (const pid of running(word)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    'processes die with a killed engine, and the next sweep leaves nothing else of it',
    async () => {
      const engine = await startEndless(uid, []);
      const cgroups = leftCgroups().length;

      engine.kill('SIGKILL');
      await until(() => running(word).length === 0, DIED_MS);

      expect(readdirSync(join(folder, 'slots'))).toHaveLength(RUNS);
      const found = await swept(uid);
      expect(found).toMatchObject({ folders: RUNS + 1, processes: 0 });
      expect(found.cgroups).toBe(cgroups);
      expect(readdirSync(join(folder, 'slots'))).toEqual([]);
      expect(leftCgroups()).toEqual([]);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    },
    TEST_MS,
  );

  test(
    'the sweep ends processes that outlived their engine',
    async () => {
      const engine = await startEndless(uid, ['dies-with-engine']);
      engine.kill('SIGKILL');
      await until(() => engine.signalCode !== null, DIED_MS);

      const outlived = running(word).length;
      const found = await swept(uid);

      expect(outlived).toBe(RUNS);
      expect(found.processes).toBeGreaterThanOrEqual(RUNS);
      expect(running(word)).toEqual([]);
    },
    TEST_MS,
  );

  test(
    'the sweep leaves the runs of an engine that lives',
    async () => {
      const engine = await startEndless(uid, []);

      const found = await swept(uid);
      const runningStill = running(word).length;
      engine.kill('SIGKILL');

      expect(found).toEqual({ folders: 0, cgroups: 0, processes: 0 });
      expect(runningStill).toBe(RUNS);
      await until(() => running(word).length === 0, DIED_MS);
      await swept(uid);
    },
    TEST_MS,
  );
});

async function startEndless(
  uid: number | null,
  without: readonly Protection[],
): Promise<ChildProcess> {
  const engine = startEngine(endless, { folder, word, runs: RUNS, without }, { uid, env: {} });
  await until(() => running(word).length === RUNS, STARTED_MS);
  return engine;
}

/** What a later engine of the same user finds to take away. */
async function swept(uid: number | null): Promise<Swept> {
  const { stdout, stderr, code } = await outputOf(
    startEngine(sweeping, { folder }, { uid, env: {} }),
  );
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

/** Processes of the host whose name begins so, of this test's folder. */
function running(name: string): number[] {
  const found = execFileSync('ps', ['-eo', 'pid=,args=']).toString().split('\n');
  return found.flatMap((line) => {
    const [, pid, args] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return pid !== undefined && args?.startsWith(name) === true ? [Number(pid)] : [];
  });
}

/** Cgroups of this test's own slots; other engines on the machine have theirs. */
function leftCgroups(): string[] {
  const names = Array.from({ length: RUNS }, (_, index) =>
    slotName(join(folder, 'slots', String(index + 1))),
  );
  return findOwnCgroups()
    .parents.flatMap((parent) => names.map((name) => join(parent, name)))
    .filter((path) => existsSync(path));
}
