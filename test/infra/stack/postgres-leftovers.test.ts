import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { outliveLeftovers } from '../../../infra/stack/postgres-leftovers.ts';

const SLEEP = '/bin/sleep';
const A_MINUTE = '60';

let base: string;
let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'conclave-leftovers-'));
  folder = join(base, 'postgres');
  mkdirSync(folder);
  children = [];
});

afterEach(async () => {
  for (const child of children.filter(isRunning)) {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
  rmSync(base, { recursive: true, force: true });
});

async function started(program: string): Promise<ChildProcess> {
  const child = spawn(program, [A_MINUTE], { cwd: folder, stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** A program that the kernel calls what it calls the server. */
function programNamedPostgres(): string {
  const program = join(base, 'bin-postgres');
  mkdirSync(program);
  copyFileSync(realpathSync(SLEEP), join(program, 'postgres'));
  return join(program, 'postgres');
}

describe("a killed server's leftovers", () => {
  test('are ended before the next start, also where a link leads to their folder', async () => {
    const leftover = await started(programNamedPostgres());
    const link = join(base, 'link');
    symlinkSync(folder, link);
    const exited = once(leftover, 'exit');

    await outliveLeftovers(link);

    expect((await exited)[1]).toBe('SIGQUIT');
  });

  test('are not the shell of a person who looks around in the folder', async () => {
    const stranger = await started(SLEEP);

    await outliveLeftovers(folder);

    expect(isRunning(stranger)).toBe(true);
  });
});
