import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/** Whose work a program of the host does, and what ends it. */
export interface Errand {
  /** Name of the slot of the run. */
  readonly slot: string;
  /** Ends the work: the program and whatever it started are gone then. Absent: nothing does. */
  readonly signal?: AbortSignal | undefined;
}

/** What a program wrote; `isCut` when it was more than allowed. */
export interface ProgramOutput {
  readonly bytes: Buffer;
  readonly isCut: boolean;
}

/** Name of the variable by which a sweep finds programs of the host that work for a slot. */
export const slotVariable = 'CONCLAVE_SANDBOX_SLOT';

const ERROR_BYTES_MAX = 4096;
const KEPT_BYTES_MAX = 1024;

/**
 * Runs a program of the host that works for a run, as `cp` and git do, to its end.
 *
 * @param command - program and arguments
 * @param errand - for which run
 * @param options - how it is run
 * @param options.env - its environment; by default the system's programs, in English
 * @param options.descriptor - what it has as descriptor 3; null for nothing
 * @param options.bytesMax - how much of its output is kept
 * @throws the signal's reason where that ended it; else Error with its words when it fails
 */
export async function runHostProgram(
  command: readonly string[],
  errand: Errand,
  {
    env = { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    descriptor = null,
    bytesMax = KEPT_BYTES_MAX,
  }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly descriptor?: number | null;
    readonly bytesMax?: number;
  } = {},
): Promise<ProgramOutput> {
  const { slot, signal } = errand;
  const [program = '', ...args] = command;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...env, [slotVariable]: slot },
    stdio: ['ignore', 'pipe', 'pipe', descriptor ?? 'ignore'],
    detached: true, // a group of its own, so that what it starts is ended with it
  });
  const told = {
    output: headOf(child.stdout, bytesMax),
    errors: headOf(child.stderr, ERROR_BYTES_MAX),
  };
  const end = (): void => {
    endGroup(child.pid);
  };
  signal?.addEventListener('abort', end);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve); // when nothing of the group holds its output any more
    });
    signal?.throwIfAborted();
    if (code === 0) return told.output();
    const words = told.errors().bytes.toString('utf8').trim();
    throw new Error(`${program}: ended with ${String(code)}: ${words}`);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** Reads a stream to its end, and keeps the beginning. */
function headOf(stream: Readable | null, bytesMax: number): () => ProgramOutput {
  const parts: Buffer[] = [];
  let left = bytesMax;
  let isCut = false;
  stream?.on('data', (bytes: Buffer) => {
    const part = bytes.subarray(0, left);
    parts.push(part);
    left -= part.length;
    isCut ||= part.length < bytes.length;
  });
  return () => ({ bytes: Buffer.concat(parts), isCut });
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // it ended between the two looks, which is what was wanted
  }
}
