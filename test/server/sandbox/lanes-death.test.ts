import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { findOwnCgroups } from '../../../infra/sandbox/cgroup.ts';
import { slotName } from '../../../infra/sandbox/slots.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { startEngine, stateFolder } from './engines.ts';

const INSTALL_MS = 300_000;
const DIED_MS = 1000;
const program = join(import.meta.dirname, 'lanes-program.ts');

let folder: string;

beforeAll(() => {
  ensureSandboxTools();
}, INSTALL_MS);

beforeEach(() => {
  folder = stateFolder(null);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('snippets, and what waits for them, die with a killed engine; the next sweep leaves nothing else', async () => {
  const engine = startEngine(program, { folder }, { uid: null, env: {} });
  await new Promise((resolve) => engine.stdout?.once('data', resolve));
  const before = processesOf(readdirSync(join(folder, 'slots'))).length;

  engine.kill('SIGKILL');
  const slots = readdirSync(join(folder, 'slots'));
  await untilSeen(
    async () => await Promise.resolve(processesOf(slots)),
    (seen) => seen.length === 0,
    { withinMs: DIED_MS },
  );
  const swept = await sweep(folder, findOwnCgroups());

  // The engine of JavaScript, the Python that runs, and at least one that waits.
  expect(slots.length).toBeGreaterThanOrEqual(3);
  expect(before).toBeGreaterThanOrEqual(3);
  expect(swept).toMatchObject({ folders: slots.length + 1, processes: 0 });
  expect(readdirSync(join(folder, 'slots'))).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
});

/** Processes of the host that bear the names of slots. */
function processesOf(slots: readonly string[]): string[] {
  const names = slots.map((slot) => slotName(join(folder, 'slots', slot)));
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      return words.some((word) => names.includes(word));
    } catch {
      return false; // it ended between the two looks
    }
  });
}
