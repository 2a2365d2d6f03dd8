import { readFile, readdir, stat } from 'node:fs/promises';

import { walkProcesses } from './process-tree.ts';

const BLOCK_BYTES = 512;
// Programs pass a few files to each other; whoever leaves many of them on the way hides them.
const IN_FLIGHT_MAX = 64;
// Memory that processes share has a name like a removed file's, and counts as memory.
const SHARED_MEMORY = /^(\/dev\/zero|\/SYSV|\/memfd:)/;

/**
 * Adds up files that have no name in any folder, and so are missed by a walk: removed while a process of the sandbox
 * has them open or mapped, or made so.
 *
 * Files on their way through a socket are counted only where their number gives them away: that many are endless.
 *
 * @param pid - the sandbox's process 1, as the host counts
 * @param counted - file systems that are counted as a whole already
 * @returns bytes; endless where a process may not be looked into
 */
export async function namelessBytes(pid: number, counted: ReadonlySet<number>): Promise<number> {
  const sizes = new Map<string, number>();
  let inFlight = 0;
  for await (const each of walkProcesses(pid)) {
    // The first process is bwrap itself, which a plain engine may not look into; so is each child before its program.
    if (each === pid) continue;
    const open = await openFiles(each, counted);
    if (open === undefined && !(await isSameProgram(each, pid))) return Infinity;
    if (open === undefined) continue;
    for (const { id, bytes } of [...open.files, ...(await mappedFiles(each))]) {
      sizes.set(id, Math.max(bytes, sizes.get(id) ?? 0));
    }
    inFlight += open.inFlight;
  }
  if (inFlight > IN_FLIGHT_MAX) return Infinity;
  return [...sizes.values()].reduce((sum, each) => sum + each, 0);
}

async function isSameProgram(one: number, other: number): Promise<boolean> {
  const mine = await read(`/proc/${one}/cmdline`);
  // It is gone already, or not begun yet.
  return mine === '' || mine === (await read(`/proc/${other}/cmdline`));
}

interface NamelessFile {
  /** The same for the same file. */
  readonly id: string;
  readonly bytes: number;
}

async function openFiles(
  pid: number,
  counted: ReadonlySet<number>,
): Promise<{ readonly files: readonly NamelessFile[]; readonly inFlight: number } | undefined> {
  const folder = `/proc/${pid}/fd`;
  const files: NamelessFile[] = [];
  let inFlight = 0;
  try {
    for (const name of await readdir(folder)) {
      const stats = await stat(`${folder}/${name}`).catch(unlessGone);
      if (stats?.isSocket() === true) inFlight += await passedFiles(pid, name);
      if (stats?.isFile() !== true || stats.nlink > 0 || counted.has(stats.dev)) continue;
      files.push({ id: `${stats.dev}:${stats.ino}`, bytes: stats.blocks * BLOCK_BYTES });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    // else it ended while it was looked at
  }
  return { files, inFlight };
}

/** A file that was closed between the two looks. */
function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

/** Files that wait in a socket to be received. */
async function passedFiles(pid: number, descriptor: string): Promise<number> {
  const told = /^scm_fds:\s*(\d+)$/m.exec(await read(`/proc/${pid}/fdinfo/${descriptor}`))?.[1];
  return Number(told ?? 0);
}

/** Removed files that are mapped, each counted with the part that is. */
async function mappedFiles(pid: number): Promise<NamelessFile[]> {
  const maps = await read(`/proc/${pid}/maps`);
  return maps
    .split('\n')
    .filter((line) => line.endsWith(' (deleted)'))
    .flatMap((line) => {
      const [range = '', , , device = '', inode = '', path = ''] = line.split(/\s+/);
      if (SHARED_MEMORY.test(path)) return [];
      const [from = 0n, to = 0n] = range.split('-').map((each) => BigInt(`0x${each}`));
      return [{ id: `mapped:${device}:${inode}:${range}`, bytes: Number(to - from) }];
    });
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => ''); // it ended while it was looked at
}
