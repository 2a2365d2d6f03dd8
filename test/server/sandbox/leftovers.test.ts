import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { globSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, beforeAll, expect, test } from '@jest/globals';

import type { Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { slotVariable } from '../../../infra/sandbox/host-program.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { ownerFile, slotName } from '../../../infra/sandbox/slots.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';
import { shellCommand } from '../../support/sandbox/commands.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { outputOf, startEngine } from './engines.ts';
import { endEngine, killEngine } from './killed-engines.ts';
import { setUpMs, stateFolder } from './own-sandbox.ts';
import { folderForEach } from './shared-sandbox.ts';

const DEAD = 2 ** 22 + 1; // beyond every number that a process has
const noCgroups = { mode: 'none', parents: [] } as const;
const lanes = join(import.meta.dirname, 'lanes-program.ts');
const onHost = folderForEach();

let folder: string;
let engine: ChildProcess | undefined;
let sandboxes: Sandbox[];

beforeAll(() => {
  ensureSandboxTools();
}, setUpMs);

beforeEach(() => {
  folder = stateFolder();
  engine = undefined;
  sandboxes = [];
});

afterEach(async () => {
  for (const sandbox of sandboxes) await sandbox.close();
  await endEngine(engine, folder);
});

/** Everything below the sandbox's folder but the folder of slots itself. */
function left(): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => path !== 'slots');
}

test('the sweep ends programs of the host that work for a dead engine’s run', async () => {
  const slot = join(folder, 'slots', '1');
  mkdirSync(slot, { recursive: true });
  const owner = { pid: DEAD, identity: '', cgroupParents: [] };
  writeFileSync(join(slot, ownerFile), JSON.stringify(owner));
  const [orphan, other] = [slotName(slot), slotName(join(folder, 'slots', '2'))].map((name) =>
    spawn('/bin/sleep', ['600'], { env: { [slotVariable]: name } }),
  ) as [ChildProcess, ChildProcess];

  try {
    const swept = await sweep(folder, noCgroups);
    const signal = await untilSeen(
      async () => await Promise.resolve(orphan.signalCode),
      (seen) => seen !== null,
    );

    expect(swept).toMatchObject({ folders: 1, processes: 1 });
    expect(signal).toBe('SIGKILL');
    expect(other).toMatchObject({ exitCode: null, signalCode: null });
  } finally {
    for (const each of [orphan, other]) await killEngine(each);
  }
});

test('an engine killed while it tries what protects leaves nothing that a sweep does not find', async () => {
  engine = startEngine(lanes, { folder }, { uid: null, env: {} });
  const ended = outputOf(engine);
  await untilSeen(
    async () => await Promise.resolve(globSync('host-*/overlay-*', { cwd: folder })),
    (overlays) => overlays.length > 0,
    { everyMs: 2 },
  );
  engine.kill('SIGKILL');
  await ended;

  await sweep(folder, noCgroups);

  // A slot that was only being made stays for a minute: it might be another engine's.
  expect(left().filter((path) => path.startsWith('host-'))).toEqual([]);
});

test('a sandbox whose lanes cannot be made leaves nothing behind', async () => {
  const making = createSandbox({
    backend: 'bwrap',
    folder,
    makeLanes: async () => await Promise.reject(new Error('no lanes today')),
  });

  await expect(making).rejects.toThrow('no lanes today');
  expect(left()).toEqual([]);
});

test('a backend that fails while it is tried leaves nothing behind', async () => {
  // There, and always fails.
  const making = createSandbox({ backend: 'bwrap', folder, bwrap: '/bin/false' });

  await expect(making).rejects.toThrow('Command failed');
  expect(left()).toEqual([]);
});

test('a folder that one engine’s run writes to is refused to another engine’s, until that has ended', async () => {
  const [first, second] = [await sandboxHere(), await sandboxHere()];
  const canceller = new AbortController();
  const writing = runIn(first, 'touch begun; sleep 600', canceller.signal);
  await untilSeen(
    async () => await Promise.resolve(readdirSync(onHost.folder)),
    (names) => names.includes('begun'),
  );

  const refused = await runIn(second, 'true');
  canceller.abort();
  await writing;
  const late = await runIn(second, 'true');

  expect(refused.status).toBe('refused');
  expect(refused.reason).toContain('another run writes to it, expected one at a time');
  expect(late.status).toBe('ok');
});

/** A sandbox of another engine each time, as far as it can tell; closed after the test. */
async function sandboxHere(): Promise<Sandbox> {
  const sandbox = await createSandbox({ backend: 'bwrap', folder });
  sandboxes.push(sandbox);
  return sandbox;
}

async function runIn(
  sandbox: Sandbox,
  script: string,
  signal?: AbortSignal,
): Promise<SandboxResult> {
  const grants = [{ host: onHost.folder, path: '/work', mode: 'write' }] as const;
  const run = shellCommand(script, { grants, limits: { timeMs: 600_000 } });
  return await sandbox.run(run, signal);
}
