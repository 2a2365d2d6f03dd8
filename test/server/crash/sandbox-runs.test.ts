import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { hostProcesses } from '../../support/sandbox/processes.ts';
import type { HostProcess } from '../../support/sandbox/processes.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { addressesOf } from '../end-to-end/addresses.ts';
import { SandboxTenant, shellRun } from '../end-to-end/sandbox-tenant.ts';
import { endEngine } from '../sandbox/killed-engines.ts';
import { stateFolder } from '../sandbox/own-sandbox.ts';
import { openLab, type CrashLab } from './crash-lab.ts';

const upMs = 300_000;
const testMs = 120_000;
const startedType = 'conclave.sandbox.started.v1';
const endedType = 'conclave.sandbox.ended.v1';

let lab: CrashLab;
let tenant: SandboxTenant;
let given: string;
let sandboxFolder: string;

beforeAll(async () => {
  ensureSandboxTools();
  given = mkdtempSync(join(tmpdir(), 'conclave-given-'));
  chmodSync(given, 0o777);
  writeFileSync(join(given, 'count'), '');
  chmodSync(join(given, 'count'), 0o666);
  // Nobody comes after the last worker who would take away what killed ones left.
  sandboxFolder = stateFolder();
  const env = {
    CONCLAVE_SANDBOX_FOLDERS: `given=${given}:write`,
    CONCLAVE_SANDBOX_DATA: sandboxFolder,
  };
  lab = await openLab({ workers: 2, env });
  tenant = new SandboxTenant(addressesOf(lab.stack), lab.stack.apiKey);
}, upMs);

afterAll(async () => {
  await lab.close();
  await endEngine(undefined, sandboxFolder);
  rmSync(given, { recursive: true, force: true });
}, upMs);

test(
  'a run whose worker is killed is run again elsewhere, ends once, and leaves nothing',
  async () => {
    const word = `endless-${randomUUID()}`;
    const id = await tenant.start(shellRun(`: ${word}; sleep 4; echo done`));
    await untilSeen(
      () => Promise.resolve(processesWith(word).map(({ words }) => words[0])),
      // The program itself, not only what starts it.
      (names) => names.includes('/bin/sh'),
    );
    await killWorkerOf(id);

    await untilSeen(
      () => Promise.resolve(processesWith(word).length),
      (count) => count === 0,
      { everyMs: 1 },
    );
    const run = await tenant.ended(id);

    expect(run).toMatchObject({ status: 'ok', attempts: 2, result: { stdout: 'done\n' } });
    const events = await tenant.events(id);
    expect(events.filter(({ type }) => type === endedType)).toHaveLength(1);
    expect(processesWith(word)).toEqual([]);
  },
  testMs,
);

test(
  'a run that writes a folder itself is not begun twice',
  async () => {
    const grants = [{ folder: 'given', path: '/work', mode: 'write' }];
    const id = await tenant.start(shellRun('echo x >> count; sleep 4', { grants }));
    await untilSeen(
      () => Promise.resolve(readFileSync(join(given, 'count'), 'utf8')),
      (text) => text !== '',
      { everyMs: 5 },
    );
    await killWorkerOf(id);

    const run = await tenant.ended(id);

    expect(run).toMatchObject({ status: 'killed', attempts: 1 });
    expect(run.result?.reason).toContain('not begun twice');
    expect(readFileSync(join(given, 'count'), 'utf8')).toBe('x\n');
  },
  testMs,
);

test.each([
  ['a command', shellRun('echo two >> text')],
  ['Python', { lane: 'python', code: 'print("two", file=open("text", "a"))' }],
])(
  'a run of %s over a copy tells what it changed, and changes nothing',
  async (_, body) => {
    writeFileSync(join(given, 'text'), 'one\n');
    const grants = [{ folder: 'given', path: '/work', mode: 'copy' }];

    const run = await tenant.run({ ...body, grants });

    expect(run.result?.diff).toContain('+two');
    expect(readFileSync(join(given, 'text'), 'utf8')).toBe('one\n');
  },
  testMs,
);

/** Kills the worker that has begun the run, as soon as it has. */
async function killWorkerOf(id: string): Promise<void> {
  await tenant.follow(id, { until: startedType });
  const started = (await tenant.events(id)).find(({ type }) => type === startedType);
  const part = lab.partOf(String(started?.data['worker']));
  if (part === undefined) throw new Error(`${id}: its worker is not alive`);
  await lab.stack.kill(part);
}

function processesWith(word: string): readonly HostProcess[] {
  return hostProcesses().filter(({ words }) => words.some((each) => each.includes(word)));
}
