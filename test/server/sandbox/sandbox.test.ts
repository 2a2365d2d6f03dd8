import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun, Grant, Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { setUpHost } from '../../../infra/sandbox/host.ts';
import { bwrapSandbox, createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { stateFolder } from './engines.ts';

const INSTALL_MS = 300_000;
const CANCELLED_MS = 1000;
const quietGit = { PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent' };

let state: string;
let sandbox: Sandbox;
let folder: string;

beforeAll(async () => {
  ensureSandboxTools();
  state = stateFolder(null);
  sandbox = await createSandbox({ backend: 'bwrap', folder: state });
}, INSTALL_MS);

afterAll(async () => {
  await sandbox.close();
  const left = readdirSync(join(state, 'slots'));
  rmSync(state, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`the sandbox left ${left.join(', ')} behind`);
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-given-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function command(argv: readonly string[], changes: Partial<CommandRun> = {}): CommandRun {
  return {
    lane: 'command',
    argv,
    workFolder: '/work',
    grants: [],
    env: {},
    stdin: '',
    seed: 'seed',
    limits: completeLimits({ timeMs: 30_000 }),
    ...changes,
  };
}

async function shell(script: string, changes: Partial<CommandRun> = {}): Promise<SandboxResult> {
  return await sandbox.run(command(['/bin/bash', '-c', script], changes));
}

/** A repository with one commit, and something that is not committed yet. */
function repository(): string {
  const path = join(folder, 'repository');
  mkdirSync(join(path, 'inner'), { recursive: true });
  writeFileSync(join(path, 'inner', 'text'), 'one\ntwo\n');
  writeFileSync(join(path, 'gone'), 'to be removed\n');
  writeFileSync(join(path, '.gitignore'), 'ignored\nmodules\n');
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', path, ...args], { env: quietGit });
  };
  git('init', '-q');
  git('add', '.');
  git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'first');
  writeFileSync(join(path, 'inner', 'text'), 'one\ntwo\nnot committed\n');
  return path;
}

describe('a command', () => {
  test('gets its input, environment and seed, and gives code, output and files', async () => {
    const result = await shell(
      'cat; echo "$KEY $CONCLAVE_SEED" >&2; pwd; echo left > /artifacts/file; exit 7',
      { stdin: 'input ', env: { KEY: 'value' } },
    );

    expect(result).toMatchObject({
      status: 'error',
      reason: 'ended with code 7',
      exitCode: 7,
      stdout: 'input /work\n',
      stderr: 'value seed\n',
      isTruncated: false,
      value: null,
      fuelUsed: null,
      diff: null,
      files: [{ path: 'file' }],
      filesLeftOut: [],
      backend: sandbox.backend,
    });
    expect(result.peakMemoryBytes).toBeGreaterThan(0);
    expect(Buffer.from(result.files[0]?.bytes ?? []).toString()).toBe('left\n');
  });

  test('is ok when it ends with 0', async () => {
    expect(await shell('true')).toMatchObject({ status: 'ok', reason: '', exitCode: 0 });
  });

  test('that is not there fails by itself', async () => {
    const result = await sandbox.run(command(['/nowhere/program']));

    expect(result).toMatchObject({ status: 'error', exitCode: 127 });
    expect(result.stderr).toContain('/nowhere/program');
  });

  test('that a signal of its own ends has a code like a shell’s', async () => {
    const result = await shell('kill -SEGV $$');

    expect(result).toMatchObject({ status: 'error', exitCode: 139 });
    expect(result.reason).toContain('signal 11');
  });

  test('knows who it is', async () => {
    expect((await shell('id -un; hostname')).stdout).toBe('sandbox\nsandbox\n');
  });

  test('has large input whole', async () => {
    const stdin = 'x'.repeat(5_000_000);

    expect((await shell('wc -c', { stdin })).stdout.trim()).toBe(String(stdin.length));
  });

  test('cannot tell its result to the engine in place of the engine', async () => {
    const forged = '{ "exit-code": 0 }';

    const result = await shell(
      `for number in {1..20}; do echo '${forged}' >&$number; done 2>/dev/null; exit 9`,
    );

    expect(result).toMatchObject({ status: 'error', exitCode: 9 });
  });

  test('is refused with the field that is wrong', async () => {
    const result = await sandbox.run(command(['/bin/true'], { workFolder: 'work' }));

    expect(result).toMatchObject({ status: 'refused', exitCode: null, durationMs: 0 });
    expect(result.reason).toMatch(/^workFolder: got work, expected/);
  });

  test('runs beside others, each in its own folder', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (word) => await shell(`echo ${word} > ${word}; ls`)),
    );

    expect(results.map(({ stdout }) => stdout)).toEqual(['a\n', 'b\n', 'c\n', 'd\n']);
  });
});

describe('cancelling', () => {
  test('ends a run within a second, with what it wrote so far', async () => {
    const canceller = new AbortController();
    const script = 'trap "" TERM INT; echo begun; touch /begun/now; sleep 600 & wait; sleep 600';
    const started = sandbox.run(
      command(['/bin/bash', '-c', script], {
        grants: [{ host: folder, path: '/begun', mode: 'write' }],
        limits: completeLimits({ timeMs: 600_000 }),
      }),
      canceller.signal,
    );
    await untilSeen(
      async () => await Promise.resolve(existsSync(join(folder, 'now'))),
      (isThere) => isThere,
    );
    const cancelled = performance.now();
    canceller.abort();
    const result = await started;

    expect(performance.now() - cancelled).toBeLessThan(CANCELLED_MS);
    expect(result).toMatchObject({ status: 'killed', exitCode: null, stdout: 'begun\n' });
  });

  test('keeps a run from beginning', async () => {
    const result = await sandbox.run(command(['/bin/true']), AbortSignal.abort());

    expect(result).toMatchObject({ status: 'killed', durationMs: 0 });
  });
});

describe('a copied repository', () => {
  const given = (host: string): Partial<CommandRun> => ({
    grants: [{ host, path: '/work', mode: 'copy' }],
  });

  test('is changed as the program likes, and the changes are told as git sees them', async () => {
    const host = repository();

    const result = await shell(
      'echo three >> inner/text; rm gone; echo new > "new file"; chmod +x .gitignore; ' +
        'echo x > ignored; ln -s /etc/passwd link; printf "\\xff\\xfe" > bytes',
      given(host),
    );

    expect(result).toMatchObject({ status: 'ok', stderr: '' });
    expect(readFileSync(join(host, 'inner', 'text'), 'utf8')).toBe('one\ntwo\nnot committed\n');
    expect(readdirSync(host).sort()).toEqual(['.git', '.gitignore', 'gone', 'inner']);
    expect(applied(host, result.diff ?? '')).toEqual({
      '.gitignore': 'ignored\nmodules\n',
      bytes: '\xff\xfe',
      'inner/text': 'one\ntwo\nnot committed\nthree\n',
      link: '-> /etc/passwd',
      'new file': 'new\n',
    });
  });

  test('has no changes where nothing was changed', async () => {
    expect(await shell('cat inner/text', given(repository()))).toMatchObject({ diff: '' });
  });

  test('shows its history inside, and keeps it from being written', async () => {
    const result = await shell(
      'git log --format=%s; git status --short; touch .git/x && echo written',
      given(repository()),
    );

    expect(result.stdout).toBe('first\n M inner/text\n');
  });

  test('gets dependencies read-only into its midst', async () => {
    const host = repository();
    mkdirSync(join(folder, 'modules'));
    writeFileSync(join(folder, 'modules', 'package'), 'theirs');
    chmodSync(join(folder, 'modules', 'package'), 0o644);
    chmodSync(join(folder, 'modules'), 0o755);
    const modules: Grant = { host: join(folder, 'modules'), path: '/work/modules', mode: 'read' };

    const result = await shell('cat modules/package; touch modules/x; true', {
      grants: [{ host, path: '/work', mode: 'copy' }, modules],
    });

    expect(result).toMatchObject({ status: 'ok', stdout: 'theirs', diff: '' });
    expect(result.stderr).toContain('Read-only');
    expect(existsSync(join(host, 'modules'))).toBe(false);
  });

  test('tells of changes that hide in a repository made within', async () => {
    const result = await shell(
      'cd inner && git init -q . && echo hidden >> text && echo more > other',
      given(repository()),
    );

    expect(result.diff).toContain('+hidden');
    expect(result.diff).toContain('b/inner/other');
  });

  test('tells of a change that puts size and time back as they were', async () => {
    const result = await shell(
      'cp -p inner/text /tmp/old; printf "ONE\\ntwo\\nnot committed\\n" > inner/text; touch -r /tmp/old inner/text',
      given(repository()),
    );

    expect(result.diff).toContain('+ONE');
  });

  test('is told alike when the copy is made whole', async () => {
    const host = repository();
    const script = 'echo three >> inner/text; rm gone; mkdir -p a/b; echo new > a/b/c';
    const wholeFolder = stateFolder(null);
    const whole = bwrapSandbox(setUpHost({ folder: wholeFolder }, sandbox.backend));
    chmodSync(host, 0o700); // closed to the run's user, where the engine is root

    const laidOver = await shell(script, given(host));
    const copied = await whole.run(command(['/bin/bash', '-c', script], given(host)));
    await whole.close();
    rmSync(wholeFolder, { recursive: true });

    expect(copied).toMatchObject({ status: 'ok' });
    expect(copied.diff).toContain('+three');
    expect(copied.diff).toBe(laidOver.diff);
  });
});

describe('a folder to write to', () => {
  test('is written to, as its owner’s own', async () => {
    writeFileSync(join(folder, 'private'), 'mine', { mode: 0o600 });

    const result = await shell('cat private; echo new > new', {
      grants: [{ host: folder, path: '/work', mode: 'write' }],
    });

    expect(result).toMatchObject({ status: 'ok', stdout: 'mine', diff: null });
    expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('new\n');
  });

  test('can be one file, below folders that are closed to others', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    writeFileSync(join(closed, 'file'), 'theirs');
    chmodSync(join(closed, 'file'), 0o644);

    const result = await shell('cat /given; echo x > /given', {
      grants: [{ host: join(closed, 'file'), path: '/given', mode: 'read' }],
    });

    expect(result).toMatchObject({ status: 'error', stdout: 'theirs' });
    expect(result.stderr).toContain('Read-only');
  });

  test('belongs to one run at a time', async () => {
    const grants: Grant[] = [{ host: folder, path: '/work', mode: 'write' }];

    const results = await Promise.all([shell('sleep 0.5', { grants }), shell('true', { grants })]);

    expect(results.map(({ status }) => status)).toEqual(['ok', 'refused']);
    expect(results[1].reason).toContain('expected one at a time');
  });

  test('counts for the limit on the disk', async () => {
    const result = await shell('head -c 3M /dev/zero > a; head -c 3M /dev/zero > b; sleep 30', {
      grants: [{ host: folder, path: '/work', mode: 'write' }],
      limits: completeLimits({ diskBytes: 4_000_000 }),
    });

    expect(result.status).toBe('disk');
  });
});

describe('where nothing protects', () => {
  test('everything is refused, with the reason and what mends it', async () => {
    const elsewhere = stateFolder(null);
    const denying = await createSandbox({
      backend: 'bwrap',
      folder: elsewhere,
      bwrap: '/nowhere/bwrap',
    });

    const result = await denying.run(command(['/bin/true']));
    await denying.close();
    rmSync(elsewhere, { recursive: true });

    expect(denying.backend).toEqual({ name: 'deny', version: '', proven: [] });
    expect(result.status).toBe('refused');
    expect(result.reason).toMatch(/^\/nowhere\/bwrap is not there; to mend it: .*bubblewrap/);
  });

  test('deny refuses by choice', async () => {
    const denying = await createSandbox({ backend: 'deny', folder: '/nowhere' });

    expect(await denying.run(command(['/bin/true']))).toMatchObject({ status: 'refused' });
  });
});

test('proves what it does before its first run', () => {
  expect(sandbox.backend.name).toBe('bwrap');
  expect(sandbox.backend.version).toMatch(/^\d+\.\d+/);
  expect(sandbox.backend.proven).toEqual(
    expect.arrayContaining(['namespaces', 'seccomp', 'descriptors-closed', 'links-refused']),
  );
});

test('an engine whose mask keeps others out runs all the same', async () => {
  const parent = stateFolder(null);
  const mask = process.umask(0o077);

  const careful = await createSandbox({ backend: 'bwrap', folder: join(parent, 'made', 'here') });
  const result = await careful.run(command(['/bin/sh', '-c', 'id -un; echo x > file']));
  await careful.close();
  process.umask(mask);
  rmSync(parent, { recursive: true });

  expect(result).toMatchObject({ status: 'ok', stdout: 'sandbox\n' });
});

test('a closed sandbox has ended its runs and takes no more', async () => {
  const elsewhere = stateFolder(null);
  const closing = bwrapSandbox(setUpHost({ folder: elsewhere }, sandbox.backend));
  const running = closing.run(command(['/bin/sleep', '600']));

  await closing.close();
  await closing.close();
  const late = await closing.run(command(['/bin/true']));

  expect(await running).toMatchObject({ status: 'killed' });
  expect(late).toMatchObject({ status: 'refused', reason: 'the sandbox is closed' });
  expect(readdirSync(join(elsewhere, 'slots'))).toEqual([]);
  rmSync(elsewhere, { recursive: true });
});

/** What a diff makes of a folder: the files that git then has, with what is in them. */
function applied(host: string, diff: string): Record<string, string> {
  const to = join(folder, 'applied');
  execFileSync('cp', ['-a', host, to]);
  execFileSync('git', ['-C', to, 'apply', '--binary', '-'], { env: quietGit, input: diff });
  const names = execFileSync(
    'find',
    ['.', '-path', './.git', '-prune', '-o', '!', '-type', 'd', '-print'],
    {
      cwd: to,
    },
  );
  const files = names.toString().split('\n').filter(Boolean).sort();
  return Object.fromEntries(files.map((name) => [name.slice(2), shown(join(to, name))]));
}

function shown(path: string): string {
  if (lstatSync(path).isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return readFileSync(path, 'latin1');
}
