import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun } from '../../../domain/sandbox/run.ts';
import { command } from '../../support/sandbox/commands.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { setUpMs } from './own-sandbox.ts';
import { sandboxesForCopies } from './shared-sandbox.ts';
import type { WayOfCopies } from './shared-sandbox.ts';

const CANCELLED_MS = 1000;
const LOOK_MS = 5;
const FILES = 20_000;
// Git reads all of it, for ten seconds and more; on the disk it is nothing.
const hugeHole = 'truncate -s 8G hole';
const hugeDisk = { diskBytes: 16 * 1024 ** 3 };

const own = sandboxesForCopies();

let folder: string;
let many: string;
let few: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-phases-'));
  chmodSync(folder, 0o755);
  [many, few] = [join(folder, 'many'), join(folder, 'few')];
  for (const path of [many, few]) mkdirSync(path);
  writeFileSync(join(few, 'file'), 'text\n');
  execFileSync('/bin/bash', ['-c', `seq ${String(FILES)} | xargs touch`], { cwd: many });
}, setUpMs);

afterAll(() => {
  rmSync(folder, { recursive: true });
}, setUpMs);

function over(host: string, script: string, limits: Partial<SandboxLimits> = {}): CommandRun {
  return command(['/bin/bash', '-ec', script], {
    grants: [{ host, path: '/work', mode: 'copy' }],
    limits: { timeMs: 600_000, ...limits },
  });
}

/** Waits until something is there in the folder of a run. */
async function untilMade(way: WayOfCopies, path: string): Promise<void> {
  const slots = join(own[way].folder, 'slots');
  const isMade = (): boolean =>
    readdirSync(slots)
      .flatMap((slot) => readdirSync(join(slots, slot)).map((run) => join(slots, slot, run)))
      .some((run) => existsSync(join(run, path)));
  const patience = { everyMs: LOOK_MS };
  await untilSeen(
    async () => await Promise.resolve(isMade()),
    (isThere) => isThere,
    patience,
  );
}

/** Programs of the host that work for the sandboxes. */
function programsOfTheHost(): string[] {
  const told = execFileSync('ps', ['-ww', '-eo', 'args=']).toString().split('\n');
  return told.filter((args) => Object.values(own).some((each) => args.includes(each.folder)));
}

describe('while a copy is being made', () => {
  test('cancelling ends the run within a second, before its program began', async () => {
    const canceller = new AbortController();
    const started = own['made whole'].sandbox.run(over(many, 'true'), canceller.signal);
    await untilMade('made whole', 'copy-0');

    const cancelled = performance.now();
    canceller.abort();
    const result = await started;

    expect(performance.now() - cancelled).toBeLessThan(CANCELLED_MS);
    expect(result).toMatchObject({ status: 'killed', reason: 'cancelled', durationMs: 0 });
    expect(programsOfTheHost()).toEqual([]);
  });

  test('timeMs ends it', async () => {
    const result = await own['made whole'].sandbox.run(over(many, 'true', { timeMs: 50 }));

    expect(result).toMatchObject({
      status: 'timeout',
      reason: 'preparing what is granted took longer than timeMs, 50 ms',
      durationMs: 0,
      diff: null,
    });
    expect(programsOfTheHost()).toEqual([]);
  });
});

describe.each([
  ['laid over', 'changes-0'],
  ['made whole', 'copy-0'],
] as const)('while it is told what changed in a copy that is %s', (way, written) => {
  test('cancelling ends the run within a second, with what its program said', async () => {
    const canceller = new AbortController();
    const script = `${hugeHole}; echo done`;
    const started = own[way].sandbox.run(over(few, script, hugeDisk), canceller.signal);
    await untilMade(way, join(written, 'hole'));
    await untilSeen(
      async () => await Promise.resolve(programsOfTheHost()),
      (programs) => programs.some((args) => args.endsWith(' add --all')),
      { everyMs: LOOK_MS },
    );

    const cancelled = performance.now();
    canceller.abort();
    const result = await started;

    expect(performance.now() - cancelled).toBeLessThan(CANCELLED_MS);
    expect(result).toMatchObject({ status: 'killed', reason: 'cancelled', diff: null });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    expect(programsOfTheHost()).toEqual([]);
  });

  test('timeMs ends it, and the program’s own end is told', async () => {
    const result = await own[way].sandbox.run(
      over(few, `${hugeHole}; echo done`, { ...hugeDisk, timeMs: 2000 }),
    );

    expect(result).toMatchObject({
      status: 'timeout',
      reason: 'telling what changed took longer than timeMs, 2000 ms',
      ...{ exitCode: 0, stdout: 'done\n', diff: null },
    });
    expect(programsOfTheHost()).toEqual([]);
  });
});

test('a program that used its time has its changes told', async () => {
  const result = await own['laid over'].sandbox.run(
    over(few, 'echo more >> file; sleep 600', { timeMs: 1000 }),
  );

  expect(result).toMatchObject({
    status: 'timeout',
    reason: 'ran longer than timeMs, 1000 ms',
  });
  expect(result.diff).toContain('+more');
});
