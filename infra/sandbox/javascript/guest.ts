import { EvalFlags, QuickJS } from 'quickjs-wasi';
import type { JSValueHandle } from 'quickjs-wasi';

import { guestPrelude } from './guest-prelude.ts';
import { yearStartNs } from './seeded-clock.ts';
import { memoryImport } from './wasm-memory.ts';

/** The engine's module, compiled once for all workers. */
export interface CompiledEngine {
  readonly module: WebAssembly.Module;
  readonly initialPages: number;
}

/** What went wrong inside the guest, as the guest tells it. */
export interface GuestFault {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What a guest asks of the run that it was given to. */
export interface GuestRun {
  /** The time, nanoseconds since 1970: it does not pass. */
  readonly nowNs: bigint;
  /** Asked every 10,000 branches; what it throws goes through all frames of the guest, which cannot catch it. */
  tick(): void;
  /** Takes a piece of text; false when there is no room for all of it. */
  take(channel: number, text: string): boolean;
  /** Told of what the guest could not catch. */
  fail(fault: GuestFault): void;
}

const pageBytes = 65_536;
const pagesMax = 65_536;
const stackBytes = 256 * 1024;
/** Kept free beside what the guest may allocate, for the allocator's own needs. */
const allocatorBytes = 256 * 1024;
/** What the guest's runtime library is told when it would write to a file. */
const badDescriptor = 8;

const wallClock = 0;
const nsPerUs = 1000n;

/** How a guest reaches its run: the guest is there first. */
interface Link {
  run: GuestRun | undefined;
  /** Asked before there was a run: the prelude burns fuel too. */
  ticks: number;
}

/**
 * Makes a guest. It takes longer than most snippets run, so it is done before one comes.
 *
 * @param engine - the compiled engine
 * @param memoryBytes - most that the guest may use
 */
export async function createGuest(engine: CompiledEngine, memoryBytes: number): Promise<Guest> {
  const wanted = Math.floor(memoryBytes / pageBytes);
  const pages = Math.min(pagesMax, Math.max(wanted, engine.initialPages));
  const memory = new WebAssembly.Memory({ initial: engine.initialPages, maximum: pages });
  const link: Link = { run: undefined, ticks: 0 };
  const free = (pages - engine.initialPages) * pageBytes - allocatorBytes;
  const vm = await QuickJS.create({
    wasm: engine.module,
    wasi: () => ({
      // The wrapper passes on whatever stands here, so the module's memory comes by this door too.
      [memoryImport.name]: memory as unknown as () => number,
      clock_time_get: (clock: number, _precision: bigint, at: number) => {
        const nowNs = clock === wallClock ? link.run?.nowNs : undefined;
        new DataView(memory.buffer).setBigUint64(at, nowNs ?? yearStartNs, true);
        return 0;
      },
      // Asked for once, for the guard of the stack: it stays zero, in every guest the same.
      random_get: () => 0,
      fd_write: () => badDescriptor,
    }),
    memoryLimit: Math.max(free, pageBytes),
    maxStackSize: stackBytes,
    timezoneOffset: 0,
    interruptHandler: () => {
      if (link.run === undefined) link.ticks += 1;
      else link.run.tick();
      return false;
    },
  });
  return new Guest({ vm, memory, link, memoryBytes, maximumBytes: pages * pageBytes });
}

interface GuestParts {
  readonly vm: QuickJS;
  readonly memory: WebAssembly.Memory;
  readonly link: Link;
  readonly memoryBytes: number;
  readonly maximumBytes: number;
}

/** An engine instance with a memory of its own, for one run. */
export class Guest {
  readonly vm: QuickJS;
  /** What the prelude gave its host. */
  readonly functions: JSValueHandle;
  /** What it was made with. */
  readonly memoryBytes: number;
  readonly #parts: GuestParts;

  /**
   * Runs the prelude.
   *
   * @param parts - as {@link createGuest} makes them
   */
  constructor(parts: GuestParts) {
    const { vm, link, memoryBytes } = parts;
    this.vm = vm;
    this.memoryBytes = memoryBytes;
    this.#parts = parts;
    const send = vm.newFunction('send', (channel: JSValueHandle, text: JSValueHandle) =>
      link.run?.take(channel.toNumber(), text.toString()) === true ? vm.true : vm.false,
    );
    const fail = vm.newFunction('fail', (name, message, stack) => {
      const read = (part: JSValueHandle | undefined): string => part?.toString() ?? '';
      link.run?.fail({ name: read(name), message: read(message), stack: read(stack) });
      return vm.undefined;
    });
    const prelude = vm.evalBytecode(preludeBytecode(vm));
    this.functions = vm.callFunction(prelude, vm.undefined, send, fail);
  }

  /** Bytes that it has taken. */
  get usedBytes(): number {
    return this.#parts.memory.buffer.byteLength;
  }

  /** Whether there is hardly any room left. */
  get isNearlyFull(): boolean {
    return this.usedBytes > 0.75 * this.#parts.maximumBytes;
  }

  /**
   * Gives it to its run.
   *
   * @param run - what it asks from now on
   * @param input - its standard input
   */
  begin(run: GuestRun, input: string): void {
    const { vm, memory, link } = this.#parts;
    link.run = run;
    seedChance(memory, run.nowNs);
    for (let tick = 0; tick < link.ticks; tick++) run.tick();
    vm.callFunction(this.functions.getProp('begin'), vm.undefined, vm.newString(input));
  }
}

let compiledPrelude: Uint8Array | undefined;

/** The same for every guest, so that one compiles it for all of its thread. */
function preludeBytecode(vm: QuickJS): Uint8Array {
  compiledPrelude ??= vm.compile(guestPrelude, 'prelude', EvalFlags.STRICT);
  return compiledPrelude;
}

let chanceAt: number | undefined;
const bornChance = nextChance(yearStartNs / nsPerUs);

/** Does what the engine did when the guest was made, with the time of its run. */
function seedChance(memory: WebAssembly.Memory, nowNs: bigint): void {
  chanceAt ??= placeOfChance(memory);
  const view = new DataView(memory.buffer);
  if (view.getBigUint64(chanceAt, true) !== bornChance) {
    throw new Error('guest: its chance lies elsewhere than in the guest before');
  }
  view.setBigUint64(chanceAt, nextChance(nowNs / nsPerUs), true);
}

/** The engine tells nobody where it keeps the state of Math.random, but what it must be in a guest that was just made. */
function placeOfChance(memory: WebAssembly.Memory): number {
  const words = new BigUint64Array(memory.buffer);
  const at = words.indexOf(bornChance);
  if (at === -1 || at !== words.lastIndexOf(bornChance)) {
    throw new Error('guest: its chance is not found');
  }
  return at * words.BYTES_PER_ELEMENT;
}

/** QuickJS begins with the microseconds of the clock, and takes one step (xorshift64*, Vigna 2014) for a use of its own. */
function nextChance(state: bigint): bigint {
  let next = state ^ (state >> 12n);
  next ^= BigInt.asUintN(64, next << 25n);
  return next ^ (next >> 27n);
}
