import { EvalFlags, JSException, QuickJS } from 'quickjs-wasi';
import type { JSValueHandle } from 'quickjs-wasi';

import type { SandboxStatus } from '../../../domain/sandbox/run.ts';
import type { EngineLimits } from './engine-message.ts';
import { guestChannels, guestPrelude } from './guest-prelude.ts';
import { RecordWriter } from './run-record.ts';
import type { RunRecord } from './run-record.ts';
import { seededWorld } from './seeded-world.ts';
import { stripTypes } from './type-stripping.ts';
import type { Position } from './type-stripping.ts';
import { memoryImport } from './wasm-memory.ts';

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

/** The engine's module, compiled once for all workers. */
export interface CompiledEngine {
  readonly module: WebAssembly.Module;
  readonly initialPages: number;
}

const pageBytes = 65_536;
const pagesMax = 65_536;
const stackBytes = 256 * 1024;
/** Kept free beside what the guest may allocate, for the allocator's own needs. */
const allocatorBytes = 256 * 1024;

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

/** What went wrong inside the guest, as the guest tells it. */
interface GuestFault {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/**
 * Runs a snippet to its end in an engine instance of its own.
 *
 * @param engine - the compiled engine
 * @param snippet - what to run
 * @returns how it ended; time is not watched here, the caller ends the thread
 */
export async function runSnippet(engine: CompiledEngine, snippet: Snippet): Promise<SnippetEnd> {
  const stripping = stripTypes(snippet.code);
  if (stripping.kind === 'exhausted') {
    return { ...failed('the snippet is nested too deeply to be read'), isSpoiled: true };
  }
  if (stripping.kind === 'invalid') {
    return failed(`SyntaxError: ${stripping.message}${placed(stripping.position)}`);
  }
  const run = new SnippetRunning(engine, snippet, stripping.origin);
  return run.toEnd(stripping.code);
}

class SnippetRunning {
  readonly #engine: CompiledEngine;
  readonly #snippet: Snippet;
  readonly #origin: (position: Position) => Position;
  readonly #writer: RecordWriter;
  readonly #memory: WebAssembly.Memory;
  readonly #pieces: Buffer[] = [];
  #valueRoom: number;
  #fuelUsed = 0;
  #stop: Stop | undefined;
  #fault: GuestFault | undefined;

  constructor(engine: CompiledEngine, snippet: Snippet, origin: (position: Position) => Position) {
    this.#engine = engine;
    this.#snippet = snippet;
    this.#origin = origin;
    this.#writer = new RecordWriter(snippet.record, snippet.limits.outputBytes);
    this.#valueRoom = snippet.limits.valueBytes;
    this.#memory = new WebAssembly.Memory({
      initial: engine.initialPages,
      maximum: this.#maximumPages(),
    });
  }

  async toEnd(code: string): Promise<SnippetEnd> {
    try {
      const vm = await this.#createEngine();
      const guest = this.#prepare(vm);
      await this.#evaluate(vm, guest, code);
    } catch (error) {
      this.#explain(error);
    }
    return this.#ending();
  }

  #maximumPages(): number {
    const pages = Math.floor(this.#snippet.limits.memoryBytes / pageBytes);
    return Math.min(pagesMax, Math.max(pages, this.#engine.initialPages));
  }

  #createEngine(): Promise<QuickJS> {
    const world = seededWorld(this.#snippet.seed);
    const memory = this.#memory;
    const free = (this.#maximumPages() - this.#engine.initialPages) * pageBytes - allocatorBytes;
    return QuickJS.create({
      wasm: this.#engine.module,
      wasi: () => ({
        // The wrapper passes on whatever stands here, so the module's memory comes by this door too.
        [memoryImport.name]: memory as unknown as () => number,
        clock_time_get: (_clock: number, _precision: bigint, at: number) => {
          new DataView(memory.buffer).setBigUint64(at, world.nowNs, true);
          return 0;
        },
        random_get: (at: number, length: number) => {
          world.fill(new Uint8Array(memory.buffer, at, length));
          return 0;
        },
        fd_write: () => badDescriptor,
      }),
      memoryLimit: Math.max(free, pageBytes),
      maxStackSize: stackBytes,
      timezoneOffset: 0,
      interruptHandler: () => this.#tick(),
    });
  }

  /** Asked by the guest's engine every 10,000 branches. */
  #tick(): boolean {
    if (this.#stop !== undefined) throw this.#stop;
    if (this.#fuelUsed === this.#snippet.limits.fuel) {
      throw new Stop('fuel', `used its ${this.#fuelUsed} units of fuel`);
    }
    this.#fuelUsed += 1;
    this.#writer.burn(this.#fuelUsed);
    return false;
  }

  #prepare(vm: QuickJS): JSValueHandle {
    const send = vm.newFunction('send', (channel: JSValueHandle, text: JSValueHandle) =>
      this.#take(channel.toNumber(), text.toString()) ? vm.true : vm.false,
    );
    const fail = vm.newFunction('fail', (name, message, stack) => {
      const read = (part: JSValueHandle | undefined): string => part?.toString() ?? '';
      this.#fault = { name: read(name), message: read(message), stack: read(stack) };
      return vm.undefined;
    });
    const prelude = vm.evalBytecode(preludeBytecode(vm));
    return vm.callFunction(prelude, vm.undefined, send, fail, vm.newString(this.#snippet.input));
  }

  /** Takes a piece of text from the guest; false when there is no room for all of it. */
  #take(channel: number, text: string): boolean {
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

  async #evaluate(vm: QuickJS, guest: JSValueHandle, code: string): Promise<void> {
    const snippet = vm.evalCode(code, fileName, EvalFlags.ASYNC | EvalFlags.STRICT);
    const result = await this.#settled(vm, guest, snippet);
    if (result === undefined) return;
    // The engine hands the last statement's value over as an iterator's result.
    const finish = vm.callFunction(guest.getProp('finish'), vm.undefined, result.getProp('value'));
    await this.#settled(vm, guest, finish);
  }

  /** The value that a promise of the guest comes to; nothing, and a fault noted, when it fails or waits for ever. */
  async #settled(
    vm: QuickJS,
    guest: JSValueHandle,
    promise: JSValueHandle,
  ): Promise<JSValueHandle | undefined> {
    vm.executePendingJobs();
    if (promise.promiseState === 0) {
      throw new Stop('error', 'waits for a promise that nothing can settle');
    }
    const settled = await vm.resolvePromise(promise);
    if ('value' in settled) return settled.value;
    vm.callFunction(guest.getProp('describe'), vm.undefined, settled.error);
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
    const ended = { peakMemoryBytes: this.#memory.buffer.byteLength, isSpoiled: false };
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
    const isNearlyFull = this.#memory.buffer.byteLength > 0.75 * this.#maximumPages() * pageBytes;
    return name === '' && message === 'null' && isNearlyFull;
  }

  #reasonOf({ name, message, stack }: GuestFault): string {
    const frame = /snippet:(\d+):(\d+)/.exec(stack);
    const position =
      frame === null ? null : this.#origin({ line: Number(frame[1]), column: Number(frame[2]) });
    return `${name === '' ? 'threw' : `${name}:`} ${message}${placed(position)}`;
  }
}

let compiledPrelude: Uint8Array | undefined;

/** The same for every instance, so that one compiles it for all of its thread. */
function preludeBytecode(vm: QuickJS): Uint8Array {
  compiledPrelude ??= vm.compile(guestPrelude, 'prelude', EvalFlags.STRICT);
  return compiledPrelude;
}

/** What the guest's runtime library is told when it would write to a file. */
const badDescriptor = 8;

function failed(reason: string): SnippetEnd {
  return { status: 'error', reason, value: null, peakMemoryBytes: null, isSpoiled: false };
}

function placed(position: Position | null): string {
  if (position === null) return '';
  return ` (line ${position.line}, column ${position.column})`;
}
