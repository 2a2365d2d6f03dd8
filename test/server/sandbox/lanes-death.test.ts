import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { startEngine } from './engines.ts';
import { killEngine, leftOf, swept } from './killed-engines.ts';
import { setUpMs, stateFolder } from './own-sandbox.ts';
import { processesOf, slotsOf } from './slot-processes.ts';

const program = join(import.meta.dirname, 'lanes-program.ts');
// The engine of JavaScript, the Python that runs, and at least one that waits.
const FEWEST = 3;

let folder: string;
let engine: ChildProcess;

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

beforeEach(() => {
  folder = stateFolder();
  engine = startEngine(program, { folder }, { uid: null, env: {} });
});

afterEach(async () => {
  await killEngine(engine);
  rmSync(folder, { recursive: true, force: true });
});

test('snippets, and what waits for them, die with a killed engine; the next sweep leaves nothing else', async () => {
  await new Promise((resolve) => engine.stdout?.once('data', resolve));
  const before = processesOf(slotsOf(folder)).length;

  await killEngine(engine);
  const slots = slotsOf(folder);
  await untilSeen(
    async () => await Promise.resolve(processesOf(slots)),
    (seen) => seen.length === 0,
  );
  const found = await swept(folder, null);

  expect(slots.length).toBeGreaterThanOrEqual(FEWEST);
  expect(before).toBeGreaterThanOrEqual(FEWEST);
  expect(found).toMatchObject({ folders: slots.length + 1, processes: 0 });
  expect(leftOf(folder, slots.length)).toEqual({ folders: [], cgroups: [], mounts: [] });
});
