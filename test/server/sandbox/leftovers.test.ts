import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, beforeAll, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { slotVariable } from '../../../infra/sandbox/host-program.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { ownerFile, slotName } from '../../../infra/sandbox/slots.ts';
import { sweep } from '../../../infra/sandbox/sweep.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { outputOf, startEngine } from './engines.ts';
import { stateFolder } from './own-sandbox.ts';

const INSTALL_MS = 300_000;
const TEST_MS = 60_000;
const DEAD = 2 ** 22 + 1; // beyond every number that a process has
const noCgroups = { mode: 'none', parents: [] } as const;
const lanes = join(import.meta.dirname, 'lanes-program.ts');

let folder: string;

beforeAll(() => {
  ensureSandboxTools();
}, INSTALL_MS);

beforeEach(() => {
  folder = stateFolder(null);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
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
  );
  if (orphan === undefined || other === undefined) throw new Error('two processes expected');
  const ended = outputOf(orphan);

  const swept = await sweep(folder, noCgroups);
  await ended;
  const isOtherLeft = other.exitCode === null && other.signalCode === null;
  other.kill('SIGKILL');
  await outputOf(other);

  expect(swept).toMatchObject({ folders: 1, processes: 1 });
  expect(orphan.signalCode).toBe('SIGKILL');
  expect(isOtherLeft).toBe(true);
});

test(
  'an engine killed while it tries what protects leaves nothing that a sweep does not find',
  async () => {
    const engine = startEngine(lanes, { folder }, { uid: null, env: {} });
    await untilSeen(
      async () => await Promise.resolve(globSync('host-*/overlay-*', { cwd: folder })),
      (overlays) => overlays.length > 0,
      { everyMs: 2 },
    );
    engine.kill('SIGKILL');
    await outputOf(engine);

    await sweep(folder, noCgroups);

    // A slot that was only being made stays for a minute: it might be another engine's.
    expect(left().filter((path) => path.startsWith('host-'))).toEqual([]);
  },
  TEST_MS,
);

test(
  'a sandbox whose lanes cannot be made leaves nothing behind',
  async () => {
    const making = createSandbox({
      backend: 'bwrap',
      folder,
      makeLanes: async () => await Promise.reject(new Error('no lanes today')),
    });

    await expect(making).rejects.toThrow('no lanes today');
    expect(left()).toEqual([]);
  },
  TEST_MS,
);

test(
  'a backend that fails while it is tried leaves nothing behind',
  async () => {
    // There, and always fails.
    const making = createSandbox({ backend: 'bwrap', folder, bwrap: '/bin/false' });

    await expect(making).rejects.toThrow('Command failed');
    expect(left()).toEqual([]);
  },
  TEST_MS,
);

test(
  'a folder that one engine’s run writes to is refused to another engine’s, until that has ended',
  async () => {
    const given = stateFolder(null);
    const engines = await Promise.all(
      [1, 2].map(async () => await createSandbox({ backend: 'bwrap', folder })),
    );
    const [first, second] = engines as [Sandbox, Sandbox];
    const canceller = new AbortController();
    const script = 'touch begun; sleep 600';
    const writing = runIn(first, { given, script, signal: canceller.signal });
    await untilSeen(
      async () => await Promise.resolve(readdirSync(given)),
      (names) => names.includes('begun'),
    );

    const refused = await runIn(second, { given, script: 'true' });
    canceller.abort();
    await writing;
    const late = await runIn(second, { given, script: 'true' });
    for (const engine of engines) await engine.close();
    rmSync(given, { recursive: true });

    expect(refused.status).toBe('refused');
    expect(refused.reason).toContain('another run writes to it, expected one at a time');
    expect(late.status).toBe('ok');
  },
  TEST_MS,
);

async function runIn(
  sandbox: Sandbox,
  {
    given,
    script,
    signal,
  }: { readonly given: string; readonly script: string; readonly signal?: AbortSignal },
): Promise<SandboxResult> {
  const run = {
    lane: 'command',
    argv: ['/bin/bash', '-c', script],
    grants: [{ host: given, path: '/work', mode: 'write' }],
    ...{ env: {}, stdin: '', seed: '', workFolder: '/work' },
    limits: completeLimits({ timeMs: TEST_MS }),
  } as const;
  return await sandbox.run(run, signal);
}
