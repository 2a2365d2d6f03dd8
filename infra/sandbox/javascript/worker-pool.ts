import { Worker } from 'node:worker_threads';

import type { CompiledEngine } from './guest.ts';
import { programLoader } from './recorded-program.ts';
import type { RecordedProgram } from './recorded-program.ts';
import type { Snippet, SnippetEnd } from './snippet.ts';

/** Ends a run from outside, in a status of the caller's choice. */
export interface RunHandle {
  readonly end: Promise<SnippetEnd>;
  readonly stop: (status: 'timeout' | 'killed', reason: string) => void;
}

type ThreadData = Pick<PoolOptions, 'engine' | 'program'>;

const threadLimits = {
  maxOldGenerationSizeMb: 256,
  maxYoungGenerationSizeMb: 32,
  codeRangeSizeMb: 64,
  /** Ample for the guest's 256 KiB of its own stack, so that its own guard comes first, on any machine. */
  stackSizeMb: 16,
};

/** Starts in a row that may fail before the pool gives up. */
const failuresMax = 3;

/** What a pool is made of. */
export interface PoolOptions {
  readonly engine: CompiledEngine;
  /** What each thread runs: a module with the function `serveSnippets`. */
  readonly program: RecordedProgram;
  /** Runs at a time. */
  readonly slots: number;
  /** Told when threads do not start any more. */
  readonly onBroken: (error: Error) => void;
}

/** Threads that each run one snippet at a time; one that was ended in mid-run is replaced. */
export class WorkerPool {
  readonly #data: ThreadData;
  readonly #slots: number;
  readonly #onBroken: (error: Error) => void;
  readonly #idle: Thread[] = [];
  /** What each run does that waits for a thread. */
  readonly #waiting: ((thread: Thread) => void)[] = [];
  /** Those that start, or make ready after a run. */
  readonly #coming = new Set<Thread>();
  readonly #started = Promise.withResolvers<undefined>();
  #threads = 0;
  #failures = 0;

  constructor(options: PoolOptions) {
    this.#data = { engine: options.engine, program: options.program };
    this.#slots = options.slots;
    this.#onBroken = options.onBroken;
  }

  /** Starts the first thread. */
  async start(): Promise<void> {
    this.#match();
    await this.#started.promise;
  }

  /**
   * Runs a snippet on the next free thread.
   *
   * @param snippet - what to run
   * @param timeMs - for the run itself; waiting for a thread does not count
   * @returns its end, and how to end it before
   */
  run(snippet: Snippet, timeMs: number): RunHandle {
    const { promise, resolve } = Promise.withResolvers<SnippetEnd>();
    let thread: Thread | undefined;
    let isStopped = false;
    const begin = (taken: Thread): void => {
      thread = taken;
      const timer = setTimeout(() => {
        stop('timeout', `ran for its ${timeMs} ms`);
      }, timeMs);
      void taken.run(snippet).then((end) => {
        clearTimeout(timer);
        thread = undefined;
        if (isStopped || end.isSpoiled) taken.end();
        else this.#coming.add(taken);
        resolve(end);
      });
    };
    const stop: RunHandle['stop'] = (status, reason) => {
      isStopped = true;
      resolve({ status, reason, value: null, peakMemoryBytes: null, isSpoiled: true });
      const at = this.#waiting.indexOf(begin);
      if (at !== -1) this.#waiting.splice(at, 1);
      thread?.end();
    };
    this.#waiting.push(begin);
    this.#match();
    return { end: promise, stop };
  }

  #match(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) {
      const thread = this.#idle.pop();
      const next = this.#waiting.shift();
      if (thread !== undefined) next?.(thread);
    }
    // One thread more than is busy, so that a run does not wait for the start of one.
    const wanted = this.#waiting.length + 1;
    while (this.#idle.length + this.#coming.size < wanted && this.#threads <= this.#slots)
      this.#add();
  }

  #add(): void {
    this.#threads += 1;
    const thread: Thread = new Thread(this.#data, {
      onReady: () => {
        this.#failures = 0;
        this.#coming.delete(thread);
        this.#idle.push(thread);
        this.#started.resolve(undefined);
        this.#match();
      },
      onGone: (wasReady, error) => {
        this.#gone(thread, wasReady, error);
      },
    });
    this.#coming.add(thread);
  }

  #gone(thread: Thread, wasReady: boolean, error: Error | undefined): void {
    this.#threads -= 1;
    const at = this.#idle.indexOf(thread);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#coming.delete(thread);
    if (!wasReady) this.#failures += 1;
    if (this.#failures >= failuresMax) this.#onBroken(error ?? new Error('threads do not start'));
    else this.#match();
  }
}

interface ThreadEvents {
  readonly onReady: () => void;
  readonly onGone: (wasReady: boolean, error: Error | undefined) => void;
}

class Thread {
  readonly #worker: Worker;
  #finish: ((end: SnippetEnd) => void) | undefined;
  #isReady = false;
  #isEnding = false;
  #error: Error | undefined;

  constructor(what: ThreadData, events: ThreadEvents) {
    this.#worker = new Worker(programLoader, {
      eval: true,
      env: {},
      argv: [],
      workerData: what,
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: threadLimits,
    });
    this.#worker.on('message', (message: unknown) => {
      if (message !== 'ready') {
        this.#done(message as SnippetEnd);
        return;
      }
      // It may have said so before it was ended.
      if (this.#isEnding) return;
      this.#isReady = true;
      events.onReady();
    });
    this.#worker.on('error', (error: unknown) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('exit', () => {
      this.#done(endOf(this.#error));
      events.onGone(this.#isReady, this.#error);
    });
  }

  run(snippet: Snippet): Promise<SnippetEnd> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#worker.postMessage(snippet);
    });
  }

  end(): void {
    this.#isEnding = true;
    void this.#worker.terminate();
  }

  #done(end: SnippetEnd): void {
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.(end);
  }
}

/** How a run ended whose thread went away without an answer. */
function endOf(error: Error | undefined): SnippetEnd {
  const isMemory =
    error !== undefined && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return {
    status: isMemory ? 'memory' : 'error',
    reason: isMemory ? 'used the memory of its thread' : 'its thread ended',
    value: null,
    peakMemoryBytes: null,
    isSpoiled: true,
  };
}
