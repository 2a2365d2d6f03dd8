import type {
  BackendProof,
  Sandbox,
  SandboxResult,
  SandboxRun,
  SnippetRun,
} from '../../../domain/sandbox/run.ts';
import { EngineConnection } from './engine-connection.ts';
import type { EngineAnswer, EngineRun } from './engine-connection.ts';
import { engineCommand } from './engine-process.ts';
import type { SpawnEngine } from './engine-process.ts';
import { Turnstile } from './turnstile.ts';

/** What the lane is made of. */
export interface JavascriptLaneDeps {
  readonly spawnEngine: SpawnEngine;
  /** What the launcher behind `spawnEngine` proved. */
  readonly backend: BackendProof;
  /** Runs at a time, 6 unless given; further ones wait. */
  readonly slots?: number;
}

const usualSlots = 6;
/** Runs that may wait for a slot. */
const waitingMax = 1000;
/** An engine that does not say by then that it is ready is ended. */
const startMs = 10_000;
/** What an engine may take beyond a run's time to answer. */
const graceMs = 1500;
/** What an engine may take to answer a cancellation. */
const cancelMs = 500;
/** Code and standard input together, bytes. */
const requestBytesMax = 64 * 1024 * 1024;
/** A result may be as long as the output, but this long in any case. */
const valueBytesMin = 64 * 1024;

/**
 * Makes the lane for snippets of JavaScript and TypeScript. Its engine starts with the first run, serves many runs
 * at a time, and is replaced when it dies, does not answer or says what it may not; runs that it had end as `killed`.
 *
 * @param deps - how an engine is started, and how many runs it takes
 * @returns a sandbox that refuses every other lane, and grants and variables, of which a snippet has no use
 */
export function createJavascriptLane(deps: JavascriptLaneDeps): Sandbox {
  return new JavascriptLane(deps);
}

class JavascriptLane implements Sandbox {
  readonly backend: BackendProof;
  readonly #deps: JavascriptLaneDeps;
  readonly #slots: number;
  readonly #turnstile: Turnstile;
  readonly #closing = new AbortController();
  #engine: EngineConnection | undefined;

  constructor(deps: JavascriptLaneDeps) {
    this.#deps = deps;
    this.#slots = deps.slots ?? usualSlots;
    this.backend = deps.backend;
    this.#turnstile = new Turnstile(this.#slots, waitingMax);
  }

  async run(run: SandboxRun, signal?: AbortSignal): Promise<SandboxResult> {
    const refusal = refusalOf(run);
    if (refusal !== undefined) return this.#result({ status: 'refused', reason: refusal });
    const closing = this.#closing.signal;
    const ending = signal === undefined ? closing : AbortSignal.any([closing, signal]);
    const isIn = await this.#turnstile.enter(ending);
    if (!isIn) return this.#cancelled();
    try {
      return await this.#runNow(run as SnippetRun, ending);
    } finally {
      this.#turnstile.leave();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const engine = this.#engine;
    engine?.end('the sandbox was closed');
    await engine?.ended;
  }

  async #runNow(run: SnippetRun, ending: AbortSignal): Promise<SandboxResult> {
    // No engine may be started any more once the lane is closed.
    if (isAborted(ending)) return this.#cancelled();
    const engine = await this.#started(ending);
    if (isAborted(ending)) return this.#cancelled();
    const startedAt = performance.now();
    const request = requestOf(run);
    const { answer, isLate } = await this.#answered(engine, request, ending);
    const durationMs = performance.now() - startedAt;
    if (answer.kind === 'lost') {
      const status = isLate ? 'timeout' : 'killed';
      return this.#result({ status, reason: answer.reason, durationMs });
    }
    const { reply, stdout, stderr, value } = answer;
    return this.#result({
      status: reply.status,
      reason: reply.reason,
      value,
      stdout,
      stderr,
      isTruncated: reply.isTruncated,
      fuelUsed: Math.min(reply.fuelUsed, run.limits.fuel),
      peakMemoryBytes: reply.peakMemoryBytes,
      durationMs,
    });
  }

  /** An engine that takes runs; waits no longer than its start may take. */
  async #started(ending: AbortSignal): Promise<EngineConnection> {
    if (this.#engine === undefined || this.#engine.fault !== undefined) {
      this.#engine = new EngineConnection(this.#deps.spawnEngine(engineCommand(this.#slots)));
    }
    const engine = this.#engine;
    const late = setTimeout(() => {
      engine.end(`it was not ready after ${startMs} ms`);
    }, startMs);
    await unlessAborted(engine.ready, ending);
    clearTimeout(late);
    if (engine.fault !== undefined && !ending.aborted) {
      throw new Error(`JavaScript engine does not start: ${engine.fault}`);
    }
    return engine;
  }

  /** The engine's answer; an engine that owes one for too long is ended, and with it this run. */
  async #answered(
    engine: EngineConnection,
    request: EngineRun,
    ending: AbortSignal,
  ): Promise<{ answer: EngineAnswer; isLate: boolean }> {
    const { id, answer } = engine.send(request);
    let isLate = false;
    const { timeMs } = request.limits;
    let timer = setTimeout(() => {
      isLate = true;
      engine.end(`the engine did not answer within ${timeMs + graceMs} ms`);
    }, timeMs + graceMs);
    const cancel = (): void => {
      engine.cancel(id);
      clearTimeout(timer);
      timer = setTimeout(() => {
        engine.end(`the engine did not end a cancelled run within ${cancelMs} ms`);
      }, cancelMs);
    };
    ending.addEventListener('abort', cancel);
    try {
      return { answer: await answer, isLate };
    } finally {
      clearTimeout(timer);
      ending.removeEventListener('abort', cancel);
    }
  }

  #cancelled(): SandboxResult {
    return this.#result({ status: 'killed', reason: 'cancelled before it ran' });
  }

  #result(known: Pick<SandboxResult, 'status' | 'reason'> & Partial<SandboxResult>): SandboxResult {
    return {
      exitCode: null,
      value: null,
      stdout: '',
      stderr: '',
      isTruncated: false,
      fuelUsed: null,
      peakMemoryBytes: null,
      durationMs: 0,
      diff: null,
      files: [],
      backend: this.backend,
      ...known,
    };
  }
}

function refusalOf(run: SandboxRun): string | undefined {
  if (run.lane !== 'javascript') return `lane: got ${run.lane}, expected javascript`;
  if (run.grants.length > 0) {
    return `grants: got ${run.grants.length}, expected none: a JavaScript snippet reads no files`;
  }
  const variables = Object.keys(run.env).length;
  if (variables > 0) {
    return `env: got ${variables} variables, expected none: a JavaScript snippet has no environment`;
  }
  const bytes = Buffer.byteLength(run.code) + Buffer.byteLength(run.stdin);
  if (bytes > requestBytesMax) {
    return `code and stdin: got ${bytes} bytes, expected at most ${requestBytesMax}`;
  }
  return undefined;
}

function requestOf({ code, stdin, seed, limits }: SnippetRun): EngineRun {
  const { memoryBytes, outputBytes, fuel } = limits;
  return {
    code,
    input: stdin,
    seed,
    limits: {
      // A snippet has one thread: it cannot use more processor time than time.
      timeMs: Math.min(limits.timeMs, limits.processorMs),
      memoryBytes,
      outputBytes,
      valueBytes: Math.max(outputBytes, valueBytesMin),
      fuel,
    },
  };
}

/** A function, since the compiler would hold for true after an await what it learnt before. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Waits, but no longer than until the signal comes; leaves no listener behind. */
async function unlessAborted(awaited: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => {
    resolve(undefined);
  };
  signal.addEventListener('abort', stop);
  await Promise.race([awaited, promise]);
  signal.removeEventListener('abort', stop);
}
