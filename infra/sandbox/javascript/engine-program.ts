import { closeSync, constants } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openPath } from '../grants.ts';
import type { SandboxHost } from '../host.ts';
import { libraryFolder, ownPlace } from './engine-process.ts';

/** An engine's program where every user may read it, and nothing beside it. */
export interface EngineProgram {
  /** Holds {@link programFolder} and the library. */
  readonly folder: string;
  /** Path of Node, each component of it open to every user. */
  readonly node: string;
}

/** Below the program's folder, where `engine-main.ts` is. */
export const programFolder = 'program';

const EVERYONE_MAY_RUN = 0o005;
const EVERYONE_READS = 0o644;
const EVERYONE_ENTERS = 0o755;

/**
 * Copies what an engine reads into the host's own folder, a megabyte: the project itself may lie where the user of an
 * engine may not go, and holds more than an engine should see. Node is copied only where its own place is closed.
 */
export async function layOutEngine(host: SandboxHost): Promise<EngineProgram> {
  const folder = join(host.own, 'javascript-engine');
  const library = libraryFolder();
  await copyFiles(ownPlace.folder, join(folder, programFolder), /\.ts$/);
  const into = join(folder, 'node_modules', 'quickjs-wasi');
  await copyFiles(library, into, /^(package\.json|quickjs\.wasm)$/);
  await copyFiles(join(library, 'dist'), join(into, 'dist'), /\.js$/);
  await writeOpen(join(folder, 'package.json'), '{ "type": "module" }');
  return { folder, node: await openNode(host.own) };
}

async function copyFiles(from: string, to: string, wanted: RegExp): Promise<void> {
  await makeOpen(to);
  const names = (await readdir(from)).filter((name) => wanted.test(name));
  await Promise.all(
    names.map(async (name) => {
      await writeOpen(join(to, name), await readFile(join(from, name)));
    }),
  );
}

/** Makes a folder and those above it that are not there, open to all whatever the process's mask says. */
async function makeOpen(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let each = path; each.startsWith(first); each = dirname(each)) {
    await chmod(each, EVERYONE_ENTERS);
  }
}

async function writeOpen(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content);
  await chmod(path, EVERYONE_READS);
}

async function openNode(folder: string): Promise<string> {
  const own = ownPlace.executable;
  if (isOpenToAll(own)) return own;
  const copy = join(folder, 'node');
  await copyFile(own, copy, constants.COPYFILE_FICLONE);
  await chmod(copy, EVERYONE_ENTERS);
  return copy;
}

function isOpenToAll(path: string): boolean {
  const opened = openPath(path);
  if (opened.kind === 'refused') return false;
  closeSync(opened.descriptor);
  return opened.isReachable && (opened.stats.mode & EVERYONE_MAY_RUN) === EVERYONE_MAY_RUN;
}
