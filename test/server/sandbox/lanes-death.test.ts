import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { processorTimeOfTree } from '../../../infra/sandbox/process-tree.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { startEngine } from './engines.ts';
import { endEngine, killEngine, leftOf, swept } from './killed-engines.ts';
import { setUpMs, stateFolder } from './own-sandbox.ts';
import { processesOf, slotsOf } from './slot-processes.ts';

const program = join(import.meta.dirname, 'lanes-program.ts');
// The engine of JavaScript, the Python that runs, and three that wait.
const SLOTS = 5;
const RUNNING = 2;
// An interpreter that waits takes less than this, once, to start.
const AT_WORK_MS = 1000;

let folder: string;
let engine: ChildProcess;
let told: { stdout: string; stderr: string };

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

beforeEach(() => {
  folder = stateFolder();
  engine = startEngine(program, { folder }, { uid: null, env: {} });
  told = { stdout: '', stderr: '' };
  engine.stdout?.on('data', (bytes: Buffer) => (told.stdout += bytes.toString('utf8')));
  engine.stderr?.on('data', (bytes: Buffer) => (told.stderr += bytes.toString('utf8')));
});

afterEach(async () => {
  await endEngine(engine, folder);
});

test('snippets, and what waits for them, die with a killed engine; the next sweep leaves nothing else', async () => {
  await untilAtWork();

  await killEngine(engine);
  const slots = slotsOf(folder);
  await untilSeen(
    async () => await Promise.resolve(processesOf(slots)),
    (seen) => seen.length === 0,
  );
  const found = await swept(folder, null);

  expect(slots).toHaveLength(SLOTS);
  expect(found).toMatchObject({ folders: slots.length + 1, processes: 0 });
  expect(leftOf(folder, slots.length)).toEqual({ folders: [], cgroups: [], mounts: [] });
});

/** Waits until every slot has its processes, so that none is being made, and those of both snippets compute. */
async function untilAtWork(): Promise<void> {
  const begun = await untilSeen(processorTimes, (times) => Object.keys(times).length === SLOTS);
  await untilSeen(
    async () => {
      const now = Object.entries(await processorTimes());
      return now.map(([slot, ms]) => ms - (begun[slot] ?? ms));
    },
    (grown) => grown.filter((ms) => ms > AT_WORK_MS).length === RUNNING,
  );
}

/** The processor time of each slot that has processes, by name, ms; of none before both snippets are started. */
async function processorTimes(): Promise<Readonly<Record<string, number>>> {
  const end = engine.exitCode ?? engine.signalCode;
  if (end !== null) throw new Error(`the engine ended with ${String(end)}: ${told.stderr}`);
  const times: Record<string, number> = {};
  for (const slot of told.stdout === '' ? [] : slotsOf(folder)) {
    for (const { pid } of processesOf([slot])) {
      times[slot] = Math.max(times[slot] ?? 0, await processorTimeOfTree(pid));
    }
  }
  return times;
}
