import type {
  BackendProof,
  Sandbox,
  SandboxResult,
  SandboxRun,
  SnippetRun,
} from '../../../domain/sandbox/run.ts';
import { EngineConnection } from './engine-connection.ts';
import type { EngineAnswer, EngineRun } from './engine-connection.ts';
import { refusal } from '../refusal.ts';
import { faultOfTexts } from '../run-fault.ts';
import { Turnstile } from '../turnstile.ts';
import type { SpawnEngine } from './engine-process.ts';

/** What the lane is made of. */
export interface JavascriptLaneDeps {
  readonly spawnEngine: SpawnEngine;
  /** What the launcher behind `spawnEngine` proved. */
  readonly backend: BackendProof;
  /** Runs at a time, 6 unless given; further ones wait. */
  readonly slots?: number;
  /** Whether an engine is started at once; otherwise the first run waits for it. */
  readonly isKeptWarm?: boolean;
}

/** Runs at a time. */
export const usualSlots = 6;
/** What one run may ask for, bytes: an engine holds several of them. */
export const snippetMemoryMax = 1024 * 1024 * 1024;
/** Runs that may wait for a slot. */
const waitingMax = 1000;
/** An engine that does not say by then that it is ready is ended. */
const startMs = 10_000;
/** What an engine may take beyond a run's time to answer. */
const graceMs = 1500;
/** What an engine may take to answer a cancellation. */
const cancelMs = 500;
/** A result may be as long as the output, but this long in any case. */
const valueBytesMin = 64 * 1024;

/**
 * Makes the lane for snippets of JavaScript and TypeScript. Its engine serves many runs
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
  #starting: Promise<EngineConnection> | undefined;

  constructor(deps: JavascriptLaneDeps) {
    this.#deps = deps;
    this.#slots = deps.slots ?? usualSlots;
    this.backend = deps.backend;
    this.#turnstile = new Turnstile(this.#slots, waitingMax);
    if (deps.isKeptWarm === true) this.#warmUp();
  }

  async run(run: SandboxRun, signal?: AbortSignal): Promise<SandboxResult> {
    const fault = faultOf(run);
    if (fault !== undefined) return this.#result({ status: 'refused', reason: fault });
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
    await this.#starting?.catch(() => undefined);
    await this.#engine?.ended;
  }

  async #runNow(run: SnippetRun, ending: AbortSignal): Promise<SandboxResult> {
    // No engine may be started any more once the lane is closed.
    if (ending.aborted) return this.#cancelled();
    const engine = await unlessAborted(this.#running(), ending);
    if (engine === undefined) return this.#cancelled();
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

  /** An engine that takes runs; all who wait for one wait for the same. */
  async #running(): Promise<EngineConnection> {
    if (this.#starting !== undefined) return await this.#starting;
    if (this.#engine !== undefined && this.#engine.fault === undefined) return this.#engine;
    this.#starting = this.#start().finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  /** Waits no longer than a start may take. */
  async #start(): Promise<EngineConnection> {
    const engine = new EngineConnection(await this.#deps.spawnEngine(this.#slots));
    this.#engine = engine;
    const close = (): void => {
      engine.end('the sandbox was closed');
    };
    this.#closing.signal.addEventListener('abort', close);
    if (this.#closing.signal.aborted) close();
    void engine.ended.then(() => {
      this.#closing.signal.removeEventListener('abort', close);
      // One that never served would only die again.
      if (engine.hasServed) this.#warmUp();
    });
    const late = setTimeout(() => {
      engine.end(`it was not ready after ${startMs} ms`);
    }, startMs);
    await engine.ready;
    clearTimeout(late);
    if (engine.fault === undefined) return engine;
    throw new Error(`JavaScript engine does not start: ${engine.fault}`);
  }

  #warmUp(): void {
    if (this.#deps.isKeptWarm !== true || this.#closing.signal.aborted) return;
    // Whether it starts is told to the next run, which tries again.
    void this.#running().catch(() => undefined);
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
    if (ending.aborted) cancel();
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

  #result({ status, reason, ...known }: Known): SandboxResult {
    return { ...refusal(this.backend, reason), status, ...known };
  }
}

type Known = Pick<SandboxResult, 'status' | 'reason'> & Partial<SandboxResult>;

function faultOf(run: SandboxRun): string | undefined {
  if (run.lane !== 'javascript') return `lane: got ${run.lane}, expected javascript`;
  if (run.grants.length > 0) {
    return `grants: got ${run.grants.length}, expected none: a JavaScript snippet reads no files`;
  }
  const variables = Object.keys(run.env).length;
  if (variables > 0) {
    return `env: got ${variables} variables, expected none: a JavaScript snippet has no environment`;
  }
  if (run.limits.memoryBytes > snippetMemoryMax) {
    return `limits.memoryBytes: got ${run.limits.memoryBytes}, expected at most ${snippetMemoryMax} in a JavaScript snippet`;
  }
  return faultOfTexts(run);
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

/** What is waited for; undefined where the signal comes before. Leaves no listener behind. */
async function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => {
    resolve(undefined);
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([awaited, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
