import { execFile } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const toolEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
const ENTRIES_AT_ONCE = 1000;

/**
 * Copies a folder for a run, sharing the blocks where the file system can, so that the run may change its own copy.
 *
 * @param copy - what is copied
 * @param copy.from - checked already: no component of it is a link
 * @param copy.to - made here
 * @param copy.left - paths below it that are not copied; an empty folder stands in the place of each
 * @param copy.uid - whose the copy is; null for the engine's own
 */
export async function copyFolder({
  from,
  to,
  left,
  uid,
}: {
  readonly from: string;
  readonly to: string;
  readonly left: readonly string[];
  readonly uid: number | null;
}): Promise<void> {
  await copyBelow(
    from,
    to,
    left.filter((path) => path !== ''),
  );
  if (uid !== null) {
    await run('chown', ['-hR', `${uid}:${uid}`, '--', to], { env: toolEnvironment });
  }
}

async function copyBelow(from: string, to: string, left: readonly string[]): Promise<void> {
  mkdirSync(to);
  chmodSync(to, (lstatSync(from).mode & 0o777) | 0o700);
  const heads = new Map<string, string[]>();
  for (const path of left) {
    const [head = '', ...rest] = path.split('/');
    heads.set(head, [...(heads.get(head) ?? []), rest.join('/')]);
  }
  const whole = readdirSync(from).filter((name) => !heads.has(name));
  for (let at = 0; at < whole.length; at += ENTRIES_AT_ONCE) {
    const sources = whole.slice(at, at + ENTRIES_AT_ONCE).map((name) => join(from, name));
    const keep = '--preserve=mode,timestamps,links';
    const args = ['-R', '--no-dereference', keep, '--reflink=auto', '-t', to, '--', ...sources];
    await run('cp', args, { env: toolEnvironment });
  }
  for (const [head, rests] of heads) {
    const inner = join(from, head);
    const isFolder = lstatSync(inner, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isFolder && !rests.includes('')) await copyBelow(inner, join(to, head), rests);
    else mkdirSync(join(to, head), { recursive: true });
  }
}
