import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxResult } from '../../../domain/sandbox/run.ts';
import { command } from '../../support/sandbox/commands.ts';
import { applyDiff, git, makeRepository, quietGit } from '../../support/sandbox/repositories.ts';
import { sandboxesForCopies, waysOfCopies } from './shared-sandbox.ts';

const own = sandboxesForCopies();

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-changes-'));
  chmodSync(folder, 0o755);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function repository(name: string, files: Record<string, string | Buffer>): string {
  return makeRepository(join(folder, name), files);
}

/** Every file below a folder but git's own, with mode and content. */
function shownBelow(path: string): string[] {
  const find = ['.', '-name', '.git', '-prune', '-o', '!', '-type', 'd', '-print'];
  const names = execFileSync('find', find, { cwd: path }).toString().split('\n').filter(Boolean);
  return names.sort().map((name) => {
    const at = join(path, name);
    const stats = lstatSync(at);
    if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(at)}`;
    const mode = (stats.mode & 0o111) === 0 ? 'plain' : 'executable';
    return `${name} ${mode} ${readFileSync(at).toString('base64')}`;
  });
}

describe.each(waysOfCopies)('the changes of a copy that is %s', (way) => {
  async function changed(
    host: string,
    script: string,
    limits: Partial<SandboxLimits> = {},
  ): Promise<SandboxResult> {
    const grants = [{ host, path: '/work', mode: 'copy' }] as const;
    return await own[way].sandbox.run(command(['/bin/bash', '-ec', script], { grants, limits }));
  }

  /** What the script makes of the repository, by itself and by the diff: both must be the same. */
  async function expectSame(host: string, script: string): Promise<string> {
    const [direct, applied] = [join(folder, 'direct'), join(folder, 'applied')];
    for (const to of [direct, applied]) execFileSync('cp', ['-a', host, to]);
    execFileSync('/bin/bash', ['-ec', script], { cwd: direct, env: quietGit, stdio: 'pipe' });

    const result = await changed(host, script);
    const diff = result.diff ?? '';
    applyDiff(applied, diff);

    expect(result).toMatchObject({ status: 'ok', stderr: '' });
    expect(shownBelow(applied)).toEqual(shownBelow(direct));
    return diff;
  }

  test('hold bytes that are no text, new, changed and removed', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
    const host = repository('binary', { 'a.bin': bytes, 'gone.bin': bytes, latin: 'caf\xe9\n' });

    const diff = await expectSame(
      host,
      'printf "\\x00\\x01\\xff" >> a.bin; rm gone.bin; head -c 5000 a.bin | tac > "new file.bin"; printf "caf\\xe8\\n" > latin',
    );

    expect(diff).toContain('GIT binary patch');
  });

  test('hold files that were renamed, moved into folders and copied', async () => {
    const host = repository('names', {
      one: '1\n2\n3\n4\n',
      'in/two': 'two\n',
      'ümläut "x"': 'x\n',
    });

    const diff = await expectSame(
      host,
      'mv one uno; mkdir -p deep/er; mv in/two deep/er/two; cp uno copy; mv "ümläut \\"x\\"" "tab\tname"',
    );

    expect(diff).toContain('deleted file');
  });

  test('hold files whose names mean something else to git', async () => {
    const names = ['st*r', '[x]', 'back\\slash', ' first', 'last ', '!bang', '#hash', 'wh?t'];
    const host = repository('odd', Object.fromEntries(names.map((name) => [name, 'one\n'])));

    const diff = await expectSame(host, 'for name in *; do echo two >> "$name"; done');

    expect(diff.match(/^\+two$/gm)).toHaveLength(names.length);
  });

  test('leave out what was not touched, though it is no longer ignored', async () => {
    const host = repository('unignored', { '.gitignore': 'x\n', 'in/a': 'a\n', b: 'b\n' });

    const result = await changed(host, 'echo "!/in" > .gitignore; echo "!/b" >> .gitignore');

    expect(result.diff?.match(/^diff --git.*$/gm)).toEqual([
      'diff --git a/.gitignore b/.gitignore',
    ]);
  });

  test('hold removed files and folders, and a file in the place of a folder', async () => {
    const host = repository('removed', { 'in/a': 'a\n', 'in/b': 'b\n', c: 'c\n', empty: '' });

    const diff = await expectSame(
      host,
      'rm -r in c empty; echo now a file > in; mkdir c; echo x > c/x',
    );

    expect(diff).toContain('deleted file');
  });

  test('hold modes and links, and files that lost their last line’s end', async () => {
    const host = repository('modes', { tool: 'echo\n', plain: 'x\n', end: 'a\nb\n' });
    symlinkSync('plain', join(host, 'link'));
    git(host, 'add', '.');
    git(host, 'commit', '-qm', 'link');

    const diff = await expectSame(
      host,
      'chmod +x tool; printf "a\\nb" > end; ln -sfn tool link; rm plain; ln -s /etc/passwd plain',
    );

    expect(diff).toContain('old mode 100644\nnew mode 100755');
  });

  test('hold what is not committed before as it was, and leave out what git ignores', async () => {
    const host = repository('dirty', { kept: 'kept\n', '.gitignore': 'ignored\n' });
    writeFileSync(join(host, 'untracked'), 'before\n');
    git(host, 'rm', '-q', '--cached', 'kept');

    const diff = await expectSame(host, 'echo more >> untracked; echo more >> kept');
    const ignored = await changed(host, 'echo x > ignored');

    expect(diff).toContain(' before\n+more');
    expect(ignored.diff).toBe('');
  });

  test('tell nothing of attributes and filters that the repository names', async () => {
    const host = repository('attributes', {
      '.gitattributes': '* text eol=crlf filter=evil diff=evil\n',
      a: 'a\n',
    });
    git(host, 'config', 'filter.evil.clean', `touch ${folder}/trapped; cat`);
    git(host, 'config', 'diff.evil.textconv', `touch ${folder}/trapped; cat`);

    const { diff } = await changed(host, 'printf "b\\r\\n" >> a');

    expect(diff).toContain('+b\r\n');
    expect(lstatSync(join(folder, 'trapped'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('hold what changed in a submodule, as in any folder', async () => {
    const inner = repository('inner', { file: 'inner\n' });
    const host = repository('outer', { file: 'outer\n' });
    git(host, 'submodule', '--quiet', 'add', inner, 'lib');
    git(host, 'commit', '-qm', 'submodule');

    const result = await changed(host, 'echo more >> lib/file; echo new > lib/new; echo x >> file');

    expect(result).toMatchObject({ status: 'ok', stderr: '' });
    expect(result.diff).toContain('b/lib/file');
    expect(result.diff).toContain('+more');
    expect(result.diff).toContain('b/lib/new');
    expect(result.diff).toContain('b/file');
    expect(readFileSync(join(host, 'lib', 'file'), 'utf8')).toBe('inner\n');
  });

  test('are told where .git is a file, as in a worktree', async () => {
    const main = repository('main', { file: 'one\n' });
    const host = join(folder, 'worktree');
    git(main, 'worktree', 'add', '-q', host);

    const result = await changed(host, 'echo two >> file; (echo x > .git) 2>/dev/null || true');

    expect(result).toMatchObject({ status: 'ok', reason: '' });
    expect(result.diff).toContain('+two');
    expect(result.diff).not.toContain('b/.git');
    expect(readFileSync(join(host, '.git'), 'utf8')).toMatch(/^gitdir: /);
  });

  test('pass over pipes and sockets, also in the place of a file', async () => {
    const host = repository('special', { a: 'a\n', b: 'b\n' });

    const result = await changed(
      host,
      'rm a; mkfifo a new; python3 -c "import socket; socket.socket(1).bind(\'door\')"; echo x >> b',
    );

    expect(result).toMatchObject({ status: 'ok', reason: '' });
    expect(result.diff).toContain('+x');
    expect(result.diff).not.toContain('door');
    expect(result.diff).not.toContain('b/new');
  });

  test('are not stored beyond the limit on the disk, though they be holes', async () => {
    const host = repository('holes', { a: 'a\n' });
    const holes = 'for i in {1..8}; do truncate -s $((8000000 + i)) hole$i; done';

    const result = await changed(host, holes, { diskBytes: 8 * 1024 * 1024 });

    expect(result).toMatchObject({ status: 'disk', diff: null });
  });

  test('are told of a folder that is no repository', async () => {
    const host = join(folder, 'plain');
    mkdirSync(host);
    writeFileSync(join(host, 'a'), 'a\n');
    cpSync(host, join(folder, 'before'), { recursive: true });

    const result = await changed(host, 'echo b >> a; git init -q . 2>/dev/null; echo c > c');

    expect(result).toMatchObject({ status: 'ok' });
    expect(result.diff).toContain('+b');
    expect(result.diff).toContain('b/c');
    expect(result.diff).not.toContain('.git/');
  });
});
