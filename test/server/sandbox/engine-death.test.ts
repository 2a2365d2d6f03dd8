import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { startEngine, stateFolder } from './engines.ts';

const RUNS = 3;
const STARTED_MS = 30_000;
const DIED_MS = 1000;
const LOOK_MS = 10;
const TEST_MS = 60_000;
const program = join(import.meta.dirname, 'endless-program.ts');

let folder: string;
let word: string;

beforeAll(() => {
  ensureSandboxTools();
}, STARTED_MS * 10);

beforeEach(() => {
  folder = stateFolder(null);
  word = `endless-${randomUUID()}`;
});

afterEach(() => {
  for (const pid of running(word)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test(
  'processes die with a killed engine, and the next sweep leaves nothing else of it',
  async () => {
    const engine = await startEndless([]);

    engine.kill('SIGKILL');
    await until(() => running(word).length === 0, DIED_MS);

    expect(readdirSync(join(folder, 'slots'))).toHaveLength(RUNS);
    const swept = await sweep(folder, findOwnCgroups());
    expect(swept).toMatchObject({ folders: RUNS + 1, processes: 0 });
    expect(swept.cgroups).toBe(RUNS * findOwnCgroups().parents.length);
    expect(readdirSync(join(folder, 'slots'))).toEqual([]);
    expect(leftCgroups()).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
  },
  TEST_MS,
);

test(
  'the sweep ends processes that outlived their engine',
  async () => {
    const engine = await startEndless(['dies-with-engine']);
    engine.kill('SIGKILL');
    await until(() => engine.signalCode !== null, DIED_MS);

    const outlived = running(word).length;
    const swept = await sweep(folder, findOwnCgroups());

    expect(outlived).toBe(RUNS);
    expect(swept.processes).toBeGreaterThanOrEqual(RUNS);
    expect(running(word)).toEqual([]);
  },
  TEST_MS,
);

test(
  'the sweep leaves the runs of an engine that lives',
  async () => {
    const engine = await startEndless([]);

    const swept = await sweep(folder, findOwnCgroups());
    const runningStill = running(word).length;
    engine.kill('SIGKILL');

    expect(swept).toEqual({ folders: 0, cgroups: 0, processes: 0 });
    expect(runningStill).toBe(RUNS);
    await until(() => running(word).length === 0, DIED_MS);
    await sweep(folder, findOwnCgroups());
  },
  TEST_MS,
);

async function startEndless(without: readonly Protection[]): Promise<ChildProcess> {
  const engine = startEngine(
    program,
    { folder, word, runs: RUNS, without },
    { uid: null, env: {} },
  );
  await until(() => running(word).length === RUNS, STARTED_MS);
  return engine;
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

function leftCgroups(): string[] {
  return findOwnCgroups()
    .parents.filter((parent) => existsSync(parent))
    .flatMap((parent) => readdirSync(parent).filter((name) => name.startsWith('conclave-sandbox')));
}
