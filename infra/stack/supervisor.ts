import type { Guard } from './guard.ts';
import { startGuard } from './guard.ts';
import { noteChildren } from './orphans.ts';
import { openPartLog } from './part-log.ts';
import type { PartLog } from './part-log.ts';
import type { RestartPatience } from './restart-policy.ts';
import { removeRunFile, writeRunFile } from './run-files.ts';
import { StackFault } from './stack-fault.ts';
import { SupervisedPart } from './supervised-part.ts';
import type { PartListener, PartPlan, PartStatus } from './supervised-part.ts';

/** Told what happens to a stack. */
export interface StackObserver {
  /** A part is ready for the first time. */
  partReady(part: { name: string; address: string; version: string; ms: number }): void;
  /** Something a person may want to know, as one line. */
  note(line: string): void;
}

/** Parts that end together. */
export interface StopStage {
  readonly names: readonly string[];
  /** How long they are waited for before they are killed. */
  readonly withinMs: number;
}

/** Keeps a set of parts running, publishes where they answer, and ends them in order. */
export class Supervisor implements PartListener {
  /** Rejects once, when a part cannot be kept running; never resolves. */
  readonly failure: Promise<never>;
  readonly #ending = new AbortController();
  readonly #dataFolder: string;
  readonly #observer: StackObserver;
  readonly #patience: RestartPatience;
  readonly #guard: Guard = startGuard();
  readonly #parts = new Map<string, SupervisedPart>();
  readonly #pids = new Map<string, number>();
  readonly #startedAt = new Map<string, number>();
  #fail: (fault: StackFault) => void = () => undefined;

  constructor(options: { dataFolder: string; patience: RestartPatience; observer: StackObserver }) {
    this.#dataFolder = options.dataFolder;
    this.#observer = options.observer;
    this.#patience = options.patience;
    this.failure = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => undefined); // whoever cares listens; nobody has to
  }

  /** Aborted as soon as the stack is being stopped. */
  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  /** Opens the log that a part of this name will write to. */
  openLog(name: string): PartLog {
    return openPartLog(this.#dataFolder, name);
  }

  /** Starts a part and keeps it running from now on. @throws StackFault when all is being stopped. */
  add(plan: PartPlan, log: PartLog = this.openLog(plan.name)): SupervisedPart {
    if (this.ending.aborted) throw new StackFault('the stack is being stopped');
    const part = new SupervisedPart(plan, log, this, this.#patience);
    this.#parts.set(plan.name, part);
    this.#startedAt.set(plan.name, Date.now());
    part.start();
    return part;
  }

  /** Gives a part by name; undefined when it was never added. */
  find(name: string): SupervisedPart | undefined {
    return this.#parts.get(name);
  }

  /** Names of all parts, in the order in which they were added. */
  names(): string[] {
    return [...this.#parts.keys()];
  }

  /** Resolves when a part is ready. @throws StackFault when the stack has failed meanwhile. */
  async waitReady(part: SupervisedPart): Promise<void> {
    await Promise.race([part.waitReady(), this.failure]);
  }

  /** Ends parts for good, one stage after another. */
  async stop(stages: readonly StopStage[]): Promise<void> {
    this.#ending.abort();
    for (const part of this.#parts.values()) part.retire();
    for (const { names, withinMs } of stages) {
      await Promise.all(names.map(async (name) => await this.#parts.get(name)?.stop(withinMs)));
    }
    this.#guard.close();
    for (const part of this.#parts.values()) part.log.close();
  }

  processChanged(name: string, pid: number | undefined): void {
    if (pid === undefined) {
      this.#pids.delete(name);
      removeRunFile(this.#dataFolder, name);
    } else {
      this.#pids.set(name, pid);
    }
    const children = [...this.#pids].map(([part, id]) => ({
      part,
      pid: id,
      signal: this.#parts.get(part)?.plan.stopSignal ?? 'SIGTERM',
    }));
    this.#guard.watch(children);
    noteChildren(this.#dataFolder, children);
  }

  ready(name: string, status: PartStatus): void {
    writeRunFile(this.#dataFolder, {
      part: name,
      ...status,
      startedAt: new Date().toISOString(),
    });
    const { address, version } = status;
    const firstStart = this.#startedAt.get(name);
    this.#startedAt.delete(name);
    if (firstStart === undefined) this.#observer.note(`${name} is back at ${address}`);
    else this.#observer.partReady({ name, address, version, ms: Date.now() - firstStart });
  }

  died(name: string, how: string): void {
    this.#observer.note(`${name} ${how}; starting it again`);
  }

  gaveUp(name: string, reason: string): void {
    const lines = this.#parts.get(name)?.log.lastLines() ?? [];
    const log = lines.length === 0 ? '' : `\n${lines.map((line) => `  ${line}`).join('\n')}`;
    this.#fail(new StackFault(`${name} cannot be kept running: ${reason}${log}`));
  }
}
