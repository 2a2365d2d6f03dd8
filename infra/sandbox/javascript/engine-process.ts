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
 * @param slots - runs at a time
 * @throws Error when it cannot be started
 */
export type SpawnEngine = (slots: number) => EngineProcess | Promise<EngineProcess>;

/** Where an engine's program lies: Node, and the folder with `engine-main.ts`. */
export interface EnginePlace {
  readonly executable: string;
  readonly folder: string;
}

/** Where it lies while nothing locks it in. */
export const ownPlace: EnginePlace = {
  executable: process.execPath,
  folder: import.meta.dirname,
};

/** Folder of the library that the engine is made of; with {@link ownPlace}'s folder all that it reads. */
export function libraryFolder(): string {
  return fileURLToPath(new URL('../', import.meta.resolve('quickjs-wasi')));
}

const engineFlags = [
  '--disable-warning=ExperimentalWarning',
  // Each run leaves garbage that is young when it dies: with room for it, less is collected twice.
  '--min-semi-space-size=16',
  // A thread collects after it has answered; helpers would take the processors from those that run.
  '--single-threaded-gc',
];

/**
 * Tells how an engine is started.
 *
 * @param slots - runs at a time
 * @param place - where its program lies
 * @returns program and arguments
 */
export function engineCommand(slots: number, place: EnginePlace = ownPlace): readonly string[] {
  return [place.executable, ...engineFlags, `${place.folder}/engine-main.ts`, String(slots)];
}
