import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import type { Grant, SandboxResult } from '../../../domain/sandbox/run.ts';
import { shellCommand } from '../../support/sandbox/commands.ts';
import type { GivenCommand } from '../../support/sandbox/commands.ts';
import { applyDiff, makeRepository } from '../../support/sandbox/repositories.ts';
import { untriedSandbox } from './own-sandbox.ts';
import { folderForEach, sharedSandbox } from './shared-sandbox.ts';

const own = sharedSandbox();
const onHost = folderForEach();
const longAgo = new Date('2020-01-01T00:00:00Z');

async function shell(script: string, given: GivenCommand = {}): Promise<SandboxResult> {
  return await own.sandbox.run(shellCommand(script, given));
}

/** A repository with one commit, and something that is not committed yet. */
function repository(): string {
  const files = { 'inner/text': 'one\ntwo\n', gone: 'to be removed\n' };
  const ignored = { '.gitignore': 'ignored\nmodules\n' };
  const path = makeRepository(join(onHost.folder, 'repository'), { ...files, ...ignored });
  writeFileSync(join(path, 'inner', 'text'), 'one\ntwo\nnot committed\n');
  return path;
}

describe('a copied repository', () => {
  const given = (host: string): GivenCommand => ({
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
    mkdirSync(join(onHost.folder, 'modules'));
    writeFileSync(join(onHost.folder, 'modules', 'package'), 'theirs');
    chmodSync(join(onHost.folder, 'modules', 'package'), 0o644);
    chmodSync(join(onHost.folder, 'modules'), 0o755);
    const modules: Grant = {
      host: join(onHost.folder, 'modules'),
      path: '/work/modules',
      mode: 'read',
    };

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

  // Within the second in which the file came about, too: git looks at no more of its times than seconds.
  test('tells of a change that puts size and time back as they were', async () => {
    const host = repository();
    utimesSync(join(host, 'inner', 'text'), longAgo, longAgo);
    const script =
      'cp -p inner/text /tmp/old; printf "ONE\\ntwo\\nnot committed\\n" > inner/text; touch -r /tmp/old inner/text';
    const whole = await untriedSandbox(own.sandbox);

    const laidOver = await shell(script, given(host));
    const copied = await whole.sandbox.run(shellCommand(script, given(host)));
    await whole.remove();

    expect(laidOver.diff).toContain('+ONE');
    expect(copied.diff).toBe(laidOver.diff);
  });

  test('keeps telling of a file that is ignored meanwhile, also beside a repository made within', async () => {
    const change = 'echo gone >> .gitignore; echo more >> gone';
    const host = repository();

    const beside = await shell(`${change}; git init -q inner`, given(host));
    const alone = await shell(change, given(host));

    expect(alone.diff).toContain('+more');
    expect(beside.diff).toBe(alone.diff);
  });

  test('is told alike when the copy is made whole', async () => {
    const host = repository();
    const script = 'echo three >> inner/text; rm gone; mkdir -p a/b; echo new > a/b/c';
    const whole = await untriedSandbox(own.sandbox);
    chmodSync(host, 0o700); // closed to the run's user, where the engine is root

    const laidOver = await shell(script, given(host));
    const copied = await whole.sandbox.run(shellCommand(script, given(host)));
    await whole.remove();

    expect(copied).toMatchObject({ status: 'ok' });
    expect(copied.diff).toContain('+three');
    expect(copied.diff).toBe(laidOver.diff);
  });
});

describe('a folder to write to', () => {
  test('is written to, as its owner’s own', async () => {
    writeFileSync(join(onHost.folder, 'private'), 'mine', { mode: 0o600 });

    const result = await shell('cat private; echo new > new', {
      grants: [{ host: onHost.folder, path: '/work', mode: 'write' }],
    });

    expect(result).toMatchObject({ status: 'ok', stdout: 'mine', diff: null });
    expect(readFileSync(join(onHost.folder, 'new'), 'utf8')).toBe('new\n');
  });

  test('can be one file, below folders that are closed to others', async () => {
    const closed = join(onHost.folder, 'closed');
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
    const grants: Grant[] = [{ host: onHost.folder, path: '/work', mode: 'write' }];

    const results = await Promise.all([shell('sleep 0.5', { grants }), shell('true', { grants })]);

    expect(results.map(({ status }) => status)).toEqual(['ok', 'refused']);
    expect(results[1].reason).toContain('expected one at a time');
  });

  test('counts for the limit on the disk', async () => {
    const result = await shell('head -c 3M /dev/zero > a; head -c 3M /dev/zero > b; sleep 30', {
      grants: [{ host: onHost.folder, path: '/work', mode: 'write' }],
      limits: { diskBytes: 4_000_000 },
    });

    expect(result.status).toBe('disk');
  });
});

/** What a diff makes of a folder: the files that git then has, with what is in them. */
function applied(host: string, diff: string): Record<string, string> {
  const to = join(onHost.folder, 'applied');
  execFileSync('cp', ['-a', host, to]);
  applyDiff(to, diff);
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
