import { EvalFlags, JSException } from 'quickjs-wasi';
import type { JSValueHandle } from 'quickjs-wasi';

import type { SandboxStatus } from '../../../domain/sandbox/run.ts';
import type { EngineLimits } from './engine-message.ts';
import type { Guest, GuestFault, GuestRun } from './guest.ts';
import { guestChannels } from './guest-prelude.ts';
import { RecordWriter } from './run-record.ts';
import type { RunRecord } from './run-record.ts';
import { seededClock } from './seeded-clock.ts';
import { stripTypes } from './type-stripping.ts';
import type { Position } from './type-stripping.ts';

/** A snippet as a worker gets it. */
export interface Snippet {
  readonly code: string;
  readonly input: string;
  readonly seed: string;
  readonly limits: EngineLimits;
  readonly record: RunRecord;
}

/** How a snippet ended; what it printed and burnt is in its record. */
export interface SnippetEnd {
  readonly status: SandboxStatus;
  readonly reason: string;
  readonly value: Uint8Array | null;
  readonly peakMemoryBytes: number | null;
  /** Whether the worker that ran it must not run another. */
  readonly isSpoiled: boolean;
}

/** The name of the snippet in stack traces. */
const fileName = 'snippet';

/** Thrown through the guest's frames, which no guest code can catch: its instance is not used again. */
class Stop extends Error {
  readonly status: SandboxStatus;

  constructor(status: SandboxStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Runs a snippet to its end.
 *
 * @param guest - fresh, with the memory of the snippet's limits; not to be used again
 * @param snippet - what to run
 * @returns how it ended; time is not watched here, the caller ends the thread
 */
export async function runSnippet(guest: Guest, snippet: Snippet): Promise<SnippetEnd> {
  const stripping = stripTypes(snippet.code);
  if (stripping.kind === 'exhausted') {
    return { ...failed('the snippet is nested too deeply to be read'), isSpoiled: true };
  }
  if (stripping.kind === 'invalid') {
    return failed(`SyntaxError: ${stripping.message}${placed(stripping.position)}`);
  }
  const run = new SnippetRunning(guest, snippet, stripping.origin);
  return run.toEnd(stripping.code);
}

class SnippetRunning implements GuestRun {
  readonly nowNs: bigint;
  readonly #guest: Guest;
  readonly #snippet: Snippet;
  readonly #origin: (position: Position) => Position;
  readonly #writer: RecordWriter;
  readonly #pieces: Buffer[] = [];
  #valueRoom: number;
  #fuelUsed = 0;
  #stop: Stop | undefined;
  #fault: GuestFault | undefined;

  constructor(guest: Guest, snippet: Snippet, origin: (position: Position) => Position) {
    this.nowNs = seededClock(snippet.seed);
    this.#guest = guest;
    this.#snippet = snippet;
    this.#origin = origin;
    this.#writer = new RecordWriter(snippet.record, snippet.limits.outputBytes);
    this.#valueRoom = snippet.limits.valueBytes;
  }

  async toEnd(code: string): Promise<SnippetEnd> {
    try {
      this.#guest.begin(this, this.#snippet.input);
      await this.#evaluate(this.#guest, code);
    } catch (error) {
      this.#explain(error);
    }
    return this.#ending();
  }

  tick(): void {
    if (this.#stop !== undefined) throw this.#stop;
    if (this.#fuelUsed === this.#snippet.limits.fuel) {
      throw new Stop('fuel', `used its ${this.#fuelUsed} units of fuel`);
    }
    this.#fuelUsed += 1;
    this.#writer.burn(this.#fuelUsed);
  }

  fail(fault: GuestFault): void {
    this.#fault = fault;
  }

  take(channel: number, text: string): boolean {
    if (this.#stop !== undefined) return false;
    if (channel === guestChannels.value) return this.#takeValue(Buffer.from(text));
    const stream = channel === guestChannels.stdout ? 'stdout' : 'stderr';
    const isWhole = this.#writer.write(stream, text);
    if (!isWhole) {
      const { outputBytes } = this.#snippet.limits;
      this.#stop = new Stop('output', `printed more than ${outputBytes} bytes`);
    }
    return isWhole;
  }

  #takeValue(piece: Buffer): boolean {
    this.#valueRoom -= piece.length;
    if (this.#valueRoom < 0) {
      const { valueBytes } = this.#snippet.limits;
      this.#stop = new Stop('output', `gave a result of more than ${valueBytes} bytes`);
      return false;
    }
    this.#pieces.push(piece);
    return true;
  }

  async #evaluate({ vm, functions }: Guest, code: string): Promise<void> {
    const snippet = vm.evalCode(code, fileName, EvalFlags.ASYNC | EvalFlags.STRICT);
    const result = await this.#settled(snippet);
    if (result === undefined) return;
    // The engine hands the last statement's value over as an iterator's result.
    const value = result.getProp('value');
    await this.#settled(vm.callFunction(functions.getProp('finish'), vm.undefined, value));
  }

  /** The value that a promise of the guest comes to; nothing, and a fault noted, when it fails or waits for ever. */
  async #settled(promise: JSValueHandle): Promise<JSValueHandle | undefined> {
    const { vm, functions } = this.#guest;
    vm.executePendingJobs();
    if (promise.promiseState === 0) {
      throw new Stop('error', 'waits for a promise that nothing can settle');
    }
    const settled = await vm.resolvePromise(promise);
    if ('value' in settled) return settled.value;
    vm.callFunction(functions.getProp('describe'), vm.undefined, settled.error);
    return undefined;
  }

  /** Sorts what came out of the engine's own functions. */
  #explain(error: unknown): void {
    if (error instanceof Stop) this.#stop = error;
    else if (error instanceof JSException) {
      this.#fault = { name: error.name, message: error.message, stack: error.stack ?? '' };
    } else if (error instanceof RangeError) {
      this.#fault = { name: 'RangeError', message: 'Maximum call stack size exceeded', stack: '' };
    } else {
      this.#fault = { name: 'InternalError', message: String(error), stack: '' };
    }
  }

  #ending(): SnippetEnd {
    const ended = { peakMemoryBytes: this.#guest.usedBytes, isSpoiled: false };
    if (this.#stop !== undefined) {
      return { ...ended, status: this.#stop.status, reason: this.#stop.message, value: null };
    }
    if (this.#fault === undefined) {
      const value = this.#pieces.length === 0 ? null : Buffer.concat(this.#pieces);
      return { ...ended, status: 'ok', reason: '', value };
    }
    if (this.#isOutOfMemory(this.#fault)) {
      const reason = `used its ${this.#snippet.limits.memoryBytes} bytes of memory`;
      return { ...ended, status: 'memory', reason, value: null };
    }
    return { ...failed(this.#reasonOf(this.#fault)), ...ended };
  }

  /** With no byte left the engine cannot even make its error, and throws null. */
  #isOutOfMemory({ name, message }: GuestFault): boolean {
    if (name === 'InternalError') return /out of memory|malloc failed/.test(message);
    return name === '' && message === 'null' && this.#guest.isNearlyFull;
  }

  #reasonOf({ name, message, stack }: GuestFault): string {
    const frame = /snippet:(\d+):(\d+)/.exec(stack);
    const position =
      frame === null ? null : this.#origin({ line: Number(frame[1]), column: Number(frame[2]) });
    return `${name === '' ? 'threw' : `${name}:`} ${message}${placed(position)}`;
  }
}

function failed(reason: string): SnippetEnd {
  return { status: 'error', reason, value: null, peakMemoryBytes: null, isSpoiled: false };
}

function placed(position: Position | null): string {
  if (position === null) return '';
  return ` (line ${position.line}, column ${position.column})`;
}
