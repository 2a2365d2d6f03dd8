import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxResult, SnippetRun } from '../../../domain/sandbox/run.ts';
import type { SandboxHost } from '../host.ts';
import { EndedPhase } from '../phase.ts';
import { refusal } from '../refusal.ts';
import { faultOfSnippet } from '../run-fault.ts';
import type { SnippetLane } from '../sandbox.ts';
import { Turnstile } from '../turnstile.ts';
import { pythonPath } from '../stage.ts';
import { startInterpreter } from './interpreter.ts';
import type { Interpreter, StartedInterpreter } from './interpreter.ts';
import { WaitingInterpreters } from './waiting-interpreters.ts';

/** How many interpreters there are. */
export interface PythonLaneOptions {
  /** Runs at a time, 6 unless given; further ones wait. */
  readonly places?: number;
  /** Interpreters that wait for a run, 3 unless given. */
  readonly kept?: number;
}

const usualPlaces = 6;
const usualKept = 3;
/** Runs that may wait for a place. */
const waitingMax = 1000;
const mib = 1024 * 1024;
/** What those that wait allow: a run that asks for more, or for a grant, gets one that is started for it. */
const waitingLimits: SandboxLimits = {
  ...completeLimits({ memoryBytes: 1024 * mib, processes: 256, openFiles: 1024 }),
  processorMs: 4 * 3600 * 1000,
};
const adjustable = ['memoryBytes', 'processes', 'openFiles', 'diskBytes'] as const;

/**
 * Makes the lane for snippets of Python. Some interpreters are kept waiting, each in a sandbox and with a user of its own, used
 * once and thrown away.
 *
 * @param host - that protects
 */
export function createPythonLane(
  host: SandboxHost,
  { places = usualPlaces, kept = usualKept }: PythonLaneOptions = {},
): SnippetLane {
  return new PythonLane(host, { places, kept });
}

class PythonLane implements SnippetLane {
  readonly #host: SandboxHost;
  readonly #turnstile: Turnstile;
  readonly #waiting: WaitingInterpreters<Interpreter>;
  readonly #discarding = new Set<Promise<void>>();

  constructor(host: SandboxHost, { places, kept }: Required<PythonLaneOptions>) {
    this.#host = host;
    this.#turnstile = new Turnstile(places, waitingMax);
    this.#waiting = new WaitingInterpreters({
      start: async () => {
        const started = await startInterpreter(host, { grants: [], limits: waitingLimits });
        if (started.kind === 'ready') return started.interpreter;
        throw new Error(`Python does not start: ${started.reason}`);
      },
      kept: isThere() ? kept : 0,
      startingMax: availableParallelism(),
    });
  }

  async run(run: SnippetRun, signal: AbortSignal): Promise<SandboxResult> {
    const { backend, folder, folderUse } = this.#host;
    if (!isThere()) {
      return refusal(backend, `${pythonPath} is not there; to mend it: apt-get install -y python3`);
    }
    const fault = faultOfSnippet(run, folder);
    if (fault !== undefined) return refusal(backend, fault);
    const taking = folderUse.take(run.grants);
    if (taking.kind === 'refused') return refusal(backend, taking.reason);
    try {
      return await this.#runInTurn(run, signal);
    } finally {
      taking.leave();
    }
  }

  async close(): Promise<void> {
    await this.#waiting.close();
    await Promise.all(this.#discarding);
  }

  async #runInTurn(run: SnippetRun, signal: AbortSignal): Promise<SandboxResult> {
    const isIn = await this.#turnstile.enter(signal);
    if (!isIn) return this.#cancelled();
    try {
      const started = await this.#interpreterFor(run, signal);
      if (started === undefined) return this.#cancelled();
      if (started.kind === 'refused') return refusal(this.#host.backend, started.reason);
      return await this.#runOn(started.interpreter, run, signal);
    } catch (error) {
      if (!(error instanceof EndedPhase)) throw error;
      const { status, reason } = error.breach;
      return { ...refusal(this.#host.backend, reason), status };
    } finally {
      this.#turnstile.leave();
    }
  }

  async #interpreterFor(
    run: SnippetRun,
    signal: AbortSignal,
  ): Promise<StartedInterpreter | undefined> {
    const isServed =
      run.grants.length === 0 &&
      adjustable.every((name) => run.limits[name] <= waitingLimits[name]);
    if (isServed) {
      const interpreter = await this.#waiting.take(signal);
      return interpreter === undefined ? undefined : { kind: 'ready', interpreter };
    }
    const limits = { ...waitingLimits };
    for (const name of adjustable) limits[name] = Math.max(run.limits[name], waitingLimits[name]);
    const bounds = { limits: run.limits, signal, without: this.#host.without };
    return await startInterpreter(this.#host, { grants: run.grants, limits, bounds });
  }

  /** What is left of an interpreter is taken away while its result is already used. */
  async #runOn(
    interpreter: Interpreter,
    run: SnippetRun,
    signal: AbortSignal,
  ): Promise<SandboxResult> {
    try {
      return await interpreter.run(run, signal);
    } finally {
      // Nobody waits for it; a fault unheard would end the whole engine. What is left then, a later one sweeps.
      const discarding: Promise<void> = interpreter
        .discard()
        .catch(() => undefined)
        .finally(() => this.#discarding.delete(discarding));
      this.#discarding.add(discarding);
    }
  }

  #cancelled(): SandboxResult {
    return { ...refusal(this.#host.backend, 'cancelled before it ran'), status: 'killed' };
  }
}

function isThere(): boolean {
  return existsSync(pythonPath);
}
