import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { CancelRequest, ReadyNotice, RunReply, RunRequest } from './engine-message.ts';
import { reasonLengthMax } from './engine-message.ts';
import { encodeFrame, FrameReader } from './frame.ts';
import type { RecordedProgram } from './recorded-program.ts';
import { createRecord, readRecord } from './run-record.ts';
import type { SnippetEnd } from './snippet.ts';
import { importMemory, keepExports } from './wasm-memory.ts';
import { WorkerPool } from './worker-pool.ts';
import type { RunHandle } from './worker-pool.ts';

/** The host is trusted, but a bound there is: what it sends is code and standard input. */
const bodyBytesMax = 128 * 1024 * 1024;

/**
 * Serves a host over standard input and output until the host is gone: says that it is ready, then answers each
 * {@link RunRequest}. Reads no file after it was ready.
 *
 * @param program - what each thread runs
 * @param slots - runs at a time
 */
export async function serveHost(program: RecordedProgram, slots: number): Promise<void> {
  const { bytes, initialPages } = importMemory(readEngine());
  const pool = new WorkerPool({
    engine: { module: await WebAssembly.compile(bytes), initialPages },
    program,
    slots,
    onBroken: (error) => {
      process.stderr.write(`threads do not start: ${error.message}\n`);
      process.exit(1);
    },
  });
  await pool.start();
  const runs = new Map<number, RunHandle>();
  const reader = new FrameReader(() => bodyBytesMax);
  process.stdin.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      const request = frame.header as RunRequest | CancelRequest;
      if (request.kind === 'run') void answer(pool, runs, request, frame.body);
      else runs.get(request.id)?.stop('killed', 'cancelled');
    }
  });
  // Without its host it has nothing to do.
  process.stdin.on('end', () => process.exit(0));
  send({ kind: 'ready' }, []);
}

/** The engine's module, without the exports that its library does not name: most are for extensions. */
function readEngine(): Uint8Array {
  const read = (specifier: string): Buffer =>
    readFileSync(fileURLToPath(import.meta.resolve(specifier)));
  const words = new Set(read('quickjs-wasi').toString('utf8').match(/\w+/g));
  return keepExports(read('quickjs-wasi/quickjs.wasm'), (name) => words.has(name));
}

async function answer(
  pool: WorkerPool,
  runs: Map<number, RunHandle>,
  request: RunRequest,
  body: Buffer,
): Promise<void> {
  const { id, seed, codeBytes, limits } = request;
  const record = createRecord(limits.outputBytes);
  const code = body.toString('utf8', 0, codeBytes);
  const input = body.toString('utf8', codeBytes);
  const run = pool.run({ code, input, seed, limits, record }, limits.timeMs);
  runs.set(id, run);
  const end = await run.end;
  runs.delete(id);
  reply(id, end, readRecord(record));
}

function reply(id: number, end: SnippetEnd, reading: ReturnType<typeof readRecord>): void {
  send(
    {
      kind: 'reply',
      id,
      status: end.status,
      reason: end.reason.slice(0, reasonLengthMax),
      fuelUsed: reading.fuelUsed,
      peakMemoryBytes: end.peakMemoryBytes,
      isTruncated: reading.isTruncated,
      stdoutBytes: reading.stdout.length,
      stderrBytes: reading.stderr.length,
      valueBytes: end.value?.length ?? null,
    },
    [reading.stdout, reading.stderr, end.value ?? new Uint8Array()],
  );
}

function send(header: RunReply | ReadyNotice, parts: readonly Uint8Array[]): void {
  for (const piece of encodeFrame(header, parts)) process.stdout.write(piece);
}
