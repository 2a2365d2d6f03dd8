import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * A running engine as its host sees it. Whoever starts it decides what it is locked into; the engine itself
 * needs no network, no environment and, once it has said that it is ready, no file.
 */
export interface EngineProcess {
  /** The engine's standard input. */
  readonly input: Writable;
  /** The engine's standard output. */
  readonly output: Readable;
  /** Settles once nothing of it runs any more, with one sentence on how it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it at once, with all that it started. A second call does nothing. */
  readonly kill: () => void;
}

/**
 * Starts an engine.
 *
 * @param command - what to start, see {@link engineCommand}
 * @throws Error when it cannot be started
 */
export type SpawnEngine = (command: EngineCommand) => EngineProcess;

/** What a launcher must start, and what the program reads while it starts. */
export interface EngineCommand {
  readonly executable: string;
  readonly args: readonly string[];
  /** Folders and files that the program must be able to read. */
  readonly reads: readonly string[];
}

/**
 * Tells how an engine is started.
 *
 * @param slots - runs at a time
 * @returns program and arguments, with absolute paths
 */
export function engineCommand(slots: number): EngineCommand {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  return {
    executable: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', here('engine-main.ts'), String(slots)],
    reads: [
      process.execPath,
      here('.'),
      // It says what kind of modules the engine's files are.
      here('../../../package.json'),
      fileURLToPath(new URL('../', import.meta.resolve('quickjs-wasi'))),
    ],
  };
}
