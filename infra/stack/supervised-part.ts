import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import type { PartLog } from './part-log.ts';
import type { Readiness } from './readiness.ts';
import { awaitReadiness } from './readiness.ts';
import { judgeDeath } from './restart-policy.ts';
import type { Death, RestartPatience } from './restart-policy.ts';

/** The command line of a part. */
export interface PartCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Everything the supervisor has to know about a part. */
export interface PartPlan {
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly readiness: Readiness;
  /** Asks the part to finish in good order. */
  readonly stopSignal: NodeJS.Signals;
  /** Runs before every start, the first included; may clear what a killed part left behind. */
  readonly prepare?: () => Promise<void>;
  /** Asked before every start, so that it may depend on what `prepare` found. */
  readonly command: () => PartCommand;
  /** The part speaks to us over a channel and ends when that closes. */
  readonly hasChannel: boolean;
}

/** What a part tells when it is ready; see infra/README.md for the contract of our own programs. */
export interface PartStatus {
  readonly pid: number;
  readonly address: string;
  readonly version: string;
}

/** Told about everything that happens to a part. */
export interface PartListener {
  /** A process was started, or has gone (undefined). */
  processChanged(part: string, pid: number | undefined): void;
  ready(part: string, status: PartStatus): void;
  died(part: string, how: string): void;
  gaveUp(part: string, reason: string): void;
}

const READY_WITHIN_MS = 120_000;
const KILL_WITHIN_MS = 1_000;

/** One process that is kept alive: started, watched, started again where it was, and stopped. */
export class SupervisedPart {
  readonly plan: PartPlan;
  readonly log: PartLog;
  readonly #listener: PartListener;
  readonly #patience: RestartPatience;
  #child: ChildProcess | undefined;
  #status: PartStatus | undefined;
  #readySince = 0;
  readonly #deaths: Death[] = [];
  #isStopping = false;
  #wasKilledByUs = false;
  #restart: NodeJS.Timeout | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(plan: PartPlan, log: PartLog, listener: PartListener, patience: RestartPatience) {
    this.plan = plan;
    this.log = log;
    this.#listener = listener;
    this.#patience = patience;
  }

  /** Id of the running process; undefined between a death and the next start. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What the part said when it became ready; undefined while it is not. */
  get status(): PartStatus | undefined {
    return this.#status;
  }

  /** Starts the process and returns; a listener hears of the rest. */
  start(): void {
    void this.#launch();
  }

  /** Resolves as soon as the part is ready, which it may be already. */
  async waitReady(): Promise<void> {
    if (this.#status !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Kills the process without warning and resolves when it is gone; it will be started again. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#wasKilledByUs = true;
    await endProcess(child, 'SIGKILL', KILL_WITHIN_MS);
  }

  /** Lets the part end when it likes: from now on a death is not made good. */
  retire(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
  }

  /** Ends the process for good: asks, and kills when it has not ended in time. */
  async stop(withinMs: number): Promise<void> {
    this.retire();
    if (this.#child !== undefined) await endProcess(this.#child, this.plan.stopSignal, withinMs);
  }

  async #launch(): Promise<void> {
    try {
      await this.plan.prepare?.();
      if (this.#isStopping) return;
      this.#spawn(this.plan.command());
    } catch (error) {
      this.#listener.gaveUp(this.plan.name, error instanceof Error ? error.message : String(error));
    }
  }

  #spawn(command: PartCommand): void {
    const { program, args, ...options } = command;
    const child = spawn(program, args, {
      ...options,
      // A session of its own: a Ctrl-C in the terminal must not reach all parts at once, since they
      // have to end in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(this.plan.hasChannel ? (['ipc'] as const) : [])],
    });
    this.#child = child;
    this.#wasKilledByUs = false;
    this.#listener.processChanged(this.plan.name, child.pid);
    child.stdout?.on('data', (chunk: Buffer) => {
      this.log.write(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.log.write(chunk);
    });
    let how = '';
    child.on('error', (error) => {
      how = error.message;
      if (child.pid === undefined) this.#buried(child, how);
    });
    child.on('exit', (code, signal) => {
      this.#buried(child, how === '' ? describeExit(code, signal) : how);
    });
    void this.#watchReadiness(child);
  }

  async #watchReadiness(child: ChildProcess): Promise<void> {
    const answer = await awaitReadiness(child, this.plan.readiness, READY_WITHIN_MS);
    if (this.#child !== child) return;
    if (answer.kind === 'late') {
      this.log.write(`not ready within ${String(READY_WITHIN_MS / 1000)} s\n`);
      child.kill('SIGKILL');
      return;
    }
    if (answer.kind === 'gone') return;
    this.#readySince = Date.now();
    this.#status = {
      pid: child.pid ?? 0,
      address: answer.address ?? this.plan.address,
      version: answer.version ?? this.plan.version,
    };
    this.#listener.ready(this.plan.name, this.#status);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #buried(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    const now = Date.now();
    const readyForMs = this.#status === undefined ? 0 : now - this.#readySince;
    this.#child = undefined;
    this.#status = undefined;
    this.#listener.processChanged(this.plan.name, undefined);
    if (this.#isStopping) return;
    this.#listener.died(this.plan.name, how);
    // A kill that was asked for says nothing about the part's health.
    if (!this.#wasKilledByUs) this.#deaths.push({ at: now, readyForMs });
    const verdict = this.#wasKilledByUs
      ? ({ kind: 'restart', delayMs: 0 } as const)
      : judgeDeath(this.#deaths, this.#patience);
    if (verdict.kind === 'give-up') {
      this.#listener.gaveUp(this.plan.name, `died ${String(verdict.deaths)} times (${how})`);
    } else if (verdict.delayMs === 0) {
      void this.#launch();
    } else {
      this.#restart = setTimeout(() => void this.#launch(), verdict.delayMs);
    }
  }
}

async function endProcess(
  child: ChildProcess,
  signal: NodeJS.Signals,
  withinMs: number,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const impatience = setTimeout(() => child.kill('SIGKILL'), withinMs);
    child.once('exit', () => {
      clearTimeout(impatience);
      resolve();
    });
    child.kill(signal);
  });
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with code ${String(code)}` : `ended by ${signal}`;
}
