import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An environment in which git heeds no settings of this machine. */
export const quietGit = {
  ...{ PATH: '/usr/bin:/bin', GIT_CONFIG_NOSYSTEM: '1', HOME: '/nonexistent' },
  ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b' },
  ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' },
} as const;

/** Runs git in a folder. */
export function git(at: string, ...args: readonly string[]): void {
  const own = ['-c', 'protocol.file.allow=always', '-C', at];
  execFileSync('git', [...own, ...args], { env: quietGit, stdio: 'pipe' });
}

/** Makes a repository with one commit of these files. */
export function makeRepository(
  path: string,
  files: Readonly<Record<string, string | Buffer>>,
): string {
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  git(path, 'init', '-q');
  git(path, 'add', '.');
  git(path, 'commit', '-qm', 'first');
  return path;
}

/** Changes a folder as a diff says; an empty one says nothing. */
export function applyDiff(at: string, diff: string): void {
  if (diff === '') return;
  const args = ['-C', at, 'apply', '--binary', '-'];
  execFileSync('git', args, { env: quietGit, input: diff, stdio: 'pipe' });
}
