import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';

import { O_PATH } from './open-flags.ts';

/** A Unix socket of one program, by which it gets a two-way stream to the engine. */
export interface RunSocket {
  /** Where it is found, as long as it is open. */
  readonly path: string;
  /**
   * The engine's end of the first stream that was made.
   *
   * @throws Error where none came in time
   */
  readonly first: Promise<Socket>;
  /** No more streams are made. */
  readonly close: () => void;
}

const NAME = 'socket';
const CONNECTED_MS = 20_000;

/**
 * Listens in a folder of ours, however long its path is: the name of a socket has 108 bytes at most.
 *
 * @param folder - nothing else listens there
 * @param withinMs - how long a stream is waited for
 */
export async function listenIn(folder: string, withinMs = CONNECTED_MS): Promise<RunSocket> {
  const descriptor = openSync(folder, O_PATH | constants.O_DIRECTORY);
  const path = join(descriptorPath(descriptor), NAME);
  const server = createServer();
  const first = firstOf(server, withinMs);
  first.catch(() => undefined); // whoever waits for it is told
  const close = (): void => {
    server.close(); // which removes the file by its path, so this comes first
    closeSync(descriptor);
  };
  try {
    await listening(server, path);
  } catch (error) {
    close();
    throw error;
  }
  return { path, first, close };
}

/** Where other processes of the engine's user find what it has opened. */
export function descriptorPath(descriptor: number): string {
  return `/proc/${process.pid}/fd/${descriptor}`;
}

/** A stream that this process has no descriptor left for is closed without a word to it. */
async function firstOf(server: Server, withinMs: number): Promise<Socket> {
  try {
    const [socket] = (await once(server, 'connection', {
      signal: AbortSignal.timeout(withinMs),
    })) as [Socket];
    return socket;
  } catch (cause) {
    throw new Error(`no stream came within ${withinMs} ms; are descriptors left?`, { cause });
  }
}

async function listening(server: Server, path: string): Promise<void> {
  server.listen(path);
  await once(server, 'listening');
}
