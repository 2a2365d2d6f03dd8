import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { Grant, SandboxResult, SnippetRun } from '../../../domain/sandbox/run.ts';
import { collectFiles } from '../collected-files.ts';
import { resultOf } from '../command-lane.ts';
import { followToEnd } from '../followed-program.ts';
import { openGrants } from '../granted-mounts.ts';
import type { GrantedMounts } from '../granted-mounts.ts';
import type { SandboxHost } from '../host.ts';
import { encodeFrame } from '../javascript/frame.ts';
import { killSandbox } from '../kill.ts';
import { StagingFault } from '../launcher.ts';
import { EndedPhase, inPhase } from '../phase.ts';
import type { PhaseBounds } from '../phase.ts';
import { cgroupLimits } from '../program-start.ts';
import { refusal } from '../refusal.ts';
import { makeRunFolder, makeWritableFolder, removeFolder } from '../run-folder.ts';
import type { Slot } from '../slots.ts';
import { pythonPath } from '../stage.ts';
import { startWaiting } from '../waiting-program.ts';
import type { WaitingProgram } from '../waiting-program.ts';
import { boundsOf } from './bounds.ts';
import { hear, outcomeOf, readReply, valueBytesMax } from './reply.ts';

const program = join(import.meta.dirname, 'interpreter.py');
/**
 * As `-I` does, but that the environment is heeded, which is the sandbox's alone: the order of a set of words has to be told
 * before Python starts. It is the same for all runs, since an interpreter that waits does not know its seed.
 */
const flags = ['-X', 'utf8', '-s', '-B'];
const fixedOrder = { PYTHONHASHSEED: '0' };
const workFolder = '/work';
const READY_MS = 20_000;
const WORDS_LENGTH = 500;
const PAGE_BYTES = 4096;

/** What an interpreter is started with; its run may ask for less, not for more. */
export interface InterpreterStart {
  readonly grants: readonly Grant[];
  readonly limits: SandboxLimits;
  /** Bounds it where a run waits for it. */
  readonly bounds?: PhaseBounds;
}

/** Either an interpreter that waits for its snippet, or why a grant cannot be given. */
export type StartedInterpreter =
  | { readonly kind: 'ready'; readonly interpreter: Interpreter }
  | { readonly kind: 'refused'; readonly reason: string };

interface Room {
  readonly slot: Slot;
  readonly folder: string;
  readonly artifacts: string;
}

/**
 * Starts an interpreter in a sandbox of its own.
 *
 * @throws Error when it does not come to be; nothing is left of it then
 */
export async function startInterpreter(
  host: SandboxHost,
  start: InterpreterStart,
): Promise<StartedInterpreter> {
  const slot = await host.slots.take();
  const folder = makeRunFolder(slot);
  try {
    const room: Room = { slot, folder, artifacts: makeWritableFolder(folder, 'artifacts', slot) };
    const started = await startIn(host, room, start);
    if (started.kind === 'refused') await leave(host, room);
    return started;
  } catch (error) {
    await leave(host, { slot, folder });
    throw error;
  }
}

async function startIn(
  host: SandboxHost,
  room: Room,
  { grants, limits, bounds }: InterpreterStart,
): Promise<StartedInterpreter> {
  const { slot, folder } = room;
  const { canStage, without } = host;
  const place = { ...room, workFolder, canStage, without };
  const granting =
    bounds === undefined
      ? await openGrants(grants, place)
      : await inPhase('preparing what is granted', bounds, async (signal) => {
          return await openGrants(grants, { ...place, signal });
        });
  if (granting.kind === 'refused') return granting;
  const { granted } = granting;
  try {
    const waiting = await startWaiting(host, {
      ...{ slot, folder },
      argv: [pythonPath, ...flags, '-c', readFileSync(program, 'utf8')],
      mounts: granted.mounts,
      env: fixedOrder,
      workFolder,
      limits,
    });
    const interpreter = new Interpreter(host, { room, granted, waiting });
    await interpreter.ready(bounds?.signal);
    return { kind: 'ready', interpreter };
  } catch (error) {
    granted.close();
    if (error instanceof StagingFault) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

async function leave(
  host: SandboxHost,
  { slot, folder }: Pick<Room, 'slot' | 'folder'>,
): Promise<void> {
  await removeFolder(folder);
  host.slots.give(slot);
}

/** An interpreter of Python in a sandbox, which runs one snippet and is then thrown away. */
export class Interpreter {
  readonly #host: SandboxHost;
  readonly #room: Room;
  readonly #granted: GrantedMounts;
  readonly #waiting: WaitingProgram;
  readonly #hungUp: Promise<unknown>;

  constructor(
    host: SandboxHost,
    {
      room,
      granted,
      waiting,
    }: {
      readonly room: Room;
      readonly granted: GrantedMounts;
      readonly waiting: WaitingProgram;
    },
  ) {
    this.#host = host;
    this.#room = room;
    this.#granted = granted;
    this.#waiting = waiting;
    this.#hungUp = new Promise((resolve) => {
      waiting.channel.once('end', resolve).once('close', resolve);
    });
  }

  /** Resolves when it has ended, before or after its run. Its channel tells that before those who wait for its end do. */
  get ended(): Promise<unknown> {
    return Promise.race([this.#waiting.launched.ended, this.#hungUp]);
  }

  /**
   * Waits until it can be given a snippet.
   *
   * @param signal - ends the waiting
   * @throws Error when it cannot, EndedPhase after the signal; it has ended then
   */
  async ready(signal?: AbortSignal): Promise<void> {
    const { launched, channel } = this.#waiting;
    const end = (): void => {
      killSandbox(launched);
    };
    const late = setTimeout(end, READY_MS);
    signal?.addEventListener('abort', end);
    if (signal?.aborted === true) end();
    const heard = await hear(channel, 0);
    clearTimeout(late);
    signal?.removeEventListener('abort', end);
    if (heard.kind === 'message') {
      channel.resume(); // it says nothing until it is asked; only read does a channel tell its end
      return;
    }
    end();
    const words = String(launched.stderr.read() ?? '').slice(0, WORDS_LENGTH);
    await this.#waiting.end();
    await this.#waiting.clear();
    if (signal?.aborted === true) throw new EndedPhase({ status: 'killed', reason: 'cancelled' });
    // What bwrap itself says is about what it was to mount.
    if (words.startsWith('bwrap: ')) throw new StagingFault(words.trim());
    throw new Error(`Python does not start: ${words.trim() || heard.reason}`);
  }

  /**
   * Runs a snippet to its end.
   *
   * @param run - within the limits that it was started with
   * @param signal - ends it
   */
  async run(run: SnippetRun, signal: AbortSignal): Promise<SandboxResult> {
    const { launched, channel, cgroup } = this.#waiting;
    try {
      cgroup?.restrict(cgroupLimits(this.#host, run.limits));
    } catch {
      const reason = `memoryBytes: ${run.limits.memoryBytes} bytes are less than Python itself needs`;
      return { ...refusal(this.#host.backend, reason), status: 'memory' };
    }
    const replying = hear(channel, valueBytesMax(run.limits)).then(readReply);
    const { limits } = run;
    const result = await followToEnd(this.#host, {
      ...{ launched, cgroup, limits, signal },
      writtenBytes: (enough) => this.#granted.writtenBytes(enough),
      // Standard input is a file without a name too, of whole pages.
      givenBytes: Math.ceil(Buffer.byteLength(run.stdin) / PAGE_BYTES) * PAGE_BYTES,
      begin: () => {
        for (const piece of requestOf(run, cgroup !== undefined)) channel.write(piece);
      },
    });
    const collected = collectFiles(this.#room.artifacts, undefined, this.#host.without);
    const told = await resultOf(this.#host, {
      ...{ result, collected, granted: this.#granted, limits, signal },
    });
    return { ...told, ...outcomeOf(told, await replying, run.limits) };
  }

  /** Ends it where it still is there, and removes what is left of it. */
  async discard(): Promise<void> {
    killSandbox(this.#waiting.launched);
    await this.#waiting.end();
    await this.#waiting.clear();
    this.#granted.close();
    await leave(this.#host, this.#room);
  }
}

function requestOf(run: SnippetRun, isMemoryHeld: boolean): readonly Uint8Array[] {
  const code = Buffer.from(run.code);
  const input = Buffer.from(run.stdin);
  const settings = {
    variables: { ...run.env, CONCLAVE_SEED: run.seed },
    seed: run.seed,
    bounds: boundsOf(run.limits, isMemoryHeld),
    valueBytes: valueBytesMax(run.limits),
  };
  const header = { codeBytes: code.length, inputBytes: input.length };
  return encodeFrame(header, [code, input, Buffer.from(JSON.stringify(settings))]);
}
