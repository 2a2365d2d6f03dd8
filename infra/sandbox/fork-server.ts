import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Without } from './protections.ts';
import type { ResourceLimit } from './resource-limits.ts';
import { pythonPath } from './stage.ts';
import type { StagedMount } from './stage.ts';

/** Where a program's descriptor comes from. */
export type DescriptorSource =
  /** A file to read, a named pipe to write to, a folder to be mounted, a Unix socket that listens: opened by its path. */
  | { readonly as: 'read' | 'write' | 'place' | 'socket'; readonly path: string }
  /** What {@link Forked.release} writes to, and what {@link Forked.onStatus} tells of. */
  | { readonly as: 'block' | 'status' };

/** A program to be started. */
export interface ForkOrder {
  /** The path of the program, and its arguments. */
  readonly argv: readonly string[];
  /** What it is called in lists of processes. */
  readonly name: string;
  /** By the number that each has in the program, which has no others; null for none. */
  readonly descriptors: readonly (DescriptorSource | null)[];
  /** Mounted in a namespace of its own first, see `stage.py`. */
  readonly mounts: readonly StagedMount[];
  /** The user that mounts are for; null for the engine's own. */
  readonly for: number | null;
  /** Another user that makes files there; null for nobody. */
  readonly also: number | null;
  /** The user that the program is; null for the engine's own. */
  readonly become: number | null;
  /** Whether it may live on when the engine dies. */
  readonly outlives: boolean;
}

/** A program that was ordered. */
export interface Forked {
  /**
   * Its process, once its descriptors are its own.
   *
   * @throws Error when it cannot be started, or the server died first
   */
  readonly pid: Promise<number>;
  /** Words that it wrote to its status, as they come; kept for who comes later. */
  onStatus(hear: (words: string) => void): void;
  /**
   * Lets it go on, bound by limits; where they cannot be put on it is killed instead.
   *
   * @param pid - the process that has to be bound, with whatever it starts later
   * @param limits - what binds it
   */
  readonly release: (pid?: number, limits?: readonly ResourceLimit[]) => void;
  /** Kills it, with nobody waiting: what it would have become is not wanted any more. */
  readonly drop: () => void;
  /**
   * Resolves when it has ended and its status is closed, or nobody can tell any more: with why it was ended here, empty where it
   * was not.
   */
  readonly ended: Promise<string>;
}

interface Answer {
  readonly id: number;
  readonly pid?: number;
  readonly status?: string;
  readonly ended?: boolean;
  readonly fault?: string | null;
}

const program = join(import.meta.dirname, 'fork_server.py');

/**
 * Starts programs by a small process of its own: to start one, a process is copied first, which takes one of the engine's size
 * tens of milliseconds, in which the engine does nothing else.
 *
 * The process starts with the first program, dies with the engine, and is replaced when it dies.
 */
export class ForkServer {
  readonly #without: Without;
  readonly #living = new Map<number, Living>();
  #server: ChildProcess | undefined;
  #next = 1;

  /** Without the protections that are left out. */
  constructor(without: Without) {
    this.#without = without;
  }

  /** Starts a program; descriptors that it takes from the engine must stay open until its process is told. */
  start(order: ForkOrder): Forked {
    const id = this.#next++;
    const server = (this.#server ??= this.#startServer());
    const living = new Living({
      release: (pid, limits) => {
        this.#say(server, { release: id, pid, limits });
      },
      drop: () => {
        this.#say(server, { drop: id });
      },
    });
    this.#living.set(id, living);
    if (this.#living.size === 1) hold(server, true);
    this.#say(server, { start: id, ...order });
    return living;
  }

  /** Ends the server; its programs have ended before. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server?.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.ref();
    server.stdin?.end();
    await gone;
  }

  #say({ stdin }: ChildProcess, words: object): void {
    if (stdin?.writable === true) stdin.write(`${JSON.stringify(words)}\n`);
  }

  #startServer(): ChildProcess {
    const keeps = this.#without.has('closed-descriptors') ? 'everything' : 'nothing';
    const server: ChildProcess = spawn(
      pythonPath,
      ['-I', '-S', '-B', '-X', 'utf8', program, keeps],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        ...(this.#without.has('clean-environment') ? {} : { env: {} }),
      },
    );
    const die = (fault: string): void => {
      if (this.#server !== server) return; // told before, and there may be another one
      this.#server = undefined;
      for (const living of this.#living.values()) living.end(fault);
      this.#living.clear();
    };
    server.once('error', (error) => {
      die(`${pythonPath}: ${error.message}`);
    });
    server.once('close', () => {
      die('the process that starts programs has died');
    });
    const { stdin, stdout } = server;
    // Where the engine has no descriptor left there are no ends of it, and the error above tells why.
    if (stdin === null || stdout === null) return server;
    hold(server, false);
    stdin.on('error', () => undefined); // it has died, which is told above
    createInterface({ input: stdout }).on('line', (line) => {
      this.#hear(server, JSON.parse(line) as Answer);
    });
    return server;
  }

  #hear(server: ChildProcess, { id, pid, status, ended, fault }: Answer): void {
    const living = this.#living.get(id);
    if (pid !== undefined) living?.begin(pid);
    if (status !== undefined) living?.tell(status);
    if (ended !== true) return;
    living?.end(fault ?? '');
    this.#living.delete(id);
    if (this.#living.size === 0) hold(server, false);
  }
}

/** Whether the engine's own process stays for this one: only while programs run. */
function hold(server: ChildProcess, isHeld: boolean): void {
  const word = isHeld ? 'ref' : 'unref';
  for (const end of [server, server.stdin as Socket | null, server.stdout as Socket | null]) {
    end?.[word]();
  }
}

class Living implements Forked {
  readonly pid: Promise<number>;
  readonly ended: Promise<string>;
  readonly release: Forked['release'];
  readonly drop: Forked['drop'];
  readonly begin: (pid: number) => void;
  readonly end: (fault: string) => void;
  readonly #told: string[] = [];
  #hear: (words: string) => void = (words) => {
    this.#told.push(words);
  };

  constructor({ release, drop }: Pick<Forked, 'release' | 'drop'>) {
    const started = Promise.withResolvers<number>();
    const ended = Promise.withResolvers<string>();
    this.pid = started.promise;
    this.ended = ended.promise;
    this.release = release;
    this.drop = drop;
    this.begin = started.resolve;
    this.end = (fault) => {
      started.reject(new Error(fault));
      ended.resolve(fault);
    };
  }

  onStatus(hear: (words: string) => void): void {
    this.#hear = hear;
    for (const words of this.#told.splice(0)) hear(words);
  }

  tell(words: string): void {
    this.#hear(words);
  }
}
