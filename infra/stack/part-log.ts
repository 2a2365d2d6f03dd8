import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BYTES_MAX = 16 * 1024 * 1024;
const LINES_KEPT = 30;

/** The log of one part: a bounded file, and its last lines at hand for messages. */
export interface PartLog {
  readonly path: string;
  write(chunk: Buffer | string): void;
  /** The last lines, oldest first. */
  lastLines(): readonly string[];
  /** Ends the file; what comes later, from the pipes of a process that has ended, is dropped. */
  close(): void;
}

/**
 * Opens `<data>/logs/<part>.log`, keeping the log of the run before as `<part>.log.1`. A file that
 * reaches 16 MB is turned over the same way, so a part never keeps more than 32 MB.
 */
export function openPartLog(dataFolder: string, part: string): PartLog {
  const path = join(dataFolder, 'logs', `${part}.log`);
  let file = turnOver(path);
  let written = 0;
  let last: string[] = [];
  let isClosed = false;
  return {
    path,
    write: (chunk) => {
      // The number of a closed file may be that of another one by now.
      if (isClosed) return;
      // Written at once: after a crash of this process the lines before it are what one wants.
      written += writeSync(file, chunk as string);
      last = [...last, ...chunk.toString().split('\n').filter(isText)].slice(-LINES_KEPT);
      if (written < BYTES_MAX) return;
      closeSync(file);
      file = turnOver(path);
      written = 0;
    },
    lastLines: () => last,
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closeSync(file);
    },
  };
}

function turnOver(path: string): number {
  if (existsSync(path)) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

function isText(line: string): boolean {
  return line.trim() !== '';
}
