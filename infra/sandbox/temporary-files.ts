import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';

import { fileSystemSize } from './folder-size.ts';
import { O_PATH } from './open-flags.ts';

/** The file systems in memory that a sandbox has for itself, seen from outside. */
export interface TemporaryFiles {
  /** Bytes in them; 0 as long as they are not there yet. They are seen on after the end of the sandbox. */
  size(): number;
  /** The file systems that are counted in it. */
  devices(): ReadonlySet<number>;
  close(): void;
}

const places = ['tmp', 'dev/shm'];

/**
 * Follows the temporary files of a sandbox.
 *
 * @param pid - the sandbox's process 1, as the host counts
 */
export function followTemporaryFiles(pid: number): TemporaryFiles {
  let opened: readonly number[] = [];
  return {
    size: () => {
      if (opened.length === 0) opened = open(pid);
      const sizes = opened.map((descriptor) => fileSystemSize(`/proc/self/fd/${descriptor}`));
      return sizes.reduce((sum, each) => sum + each, 0);
    },
    devices: () => new Set(opened.map((descriptor) => fstatSync(descriptor).dev)),
    close: () => {
      for (const descriptor of opened) closeSync(descriptor);
      opened = [];
    },
  };
}

function open(pid: number): readonly number[] {
  const root = `/proc/${pid}/root`;
  const found: number[] = [];
  try {
    const [inside, outside] = [statSync(`${root}/`), statSync('/')];
    if (inside.dev === outside.dev && inside.ino === outside.ino) return []; // not moved in yet
    for (const place of places) {
      found.push(openSync(`${root}/${place}`, O_PATH | constants.O_DIRECTORY));
    }
    return found;
  } catch {
    for (const descriptor of found) closeSync(descriptor);
    return []; // not there yet, or not there any more
  }
}
