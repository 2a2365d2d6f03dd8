import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { CancelRequest, ReadyNotice, RunReply, RunRequest } from './engine-message.ts';
import { reasonLengthMax } from './engine-message.ts';
import { encodeFrame, FrameReader } from './frame.ts';
import { recordProgram } from './recorded-program.ts';
import { createRecord, readRecord } from './run-record.ts';
import type { SnippetEnd } from './snippet.ts';
import { importMemory } from './wasm-memory.ts';
import { WorkerPool } from './worker-pool.ts';
import type { RunHandle } from './worker-pool.ts';

const slots = Number(process.argv[2]);
/** The host is trusted, but a bound there is: what it sends is code and standard input. */
const bodyBytesMax = 2 ** 31;

const { bytes, initialPages } = importMemory(
  readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'))),
);
const pool = new WorkerPool({
  engine: { module: await WebAssembly.compile(bytes), initialPages },
  program: await recordProgram(import.meta.resolve('./snippet-server.ts')),
  slots,
  onBroken: (error) => {
    process.stderr.write(`threads do not start: ${error.message}\n`);
    process.exit(1);
  },
});
const runs = new Map<number, RunHandle>();

function send(header: RunReply | ReadyNotice, parts: readonly Uint8Array[]): void {
  for (const piece of encodeFrame(header, parts)) process.stdout.write(piece);
}

async function take(request: RunRequest, body: Buffer): Promise<void> {
  const record = createRecord(request.limits.outputBytes);
  const snippet = {
    code: body.toString('utf8', 0, request.codeBytes),
    input: body.toString('utf8', request.codeBytes),
    seed: request.seed,
    limits: request.limits,
    record,
  };
  const run = pool.run(snippet, request.limits.timeMs);
  runs.set(request.id, run);
  const end = await run.end;
  runs.delete(request.id);
  reply(request.id, end, readRecord(record));
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

const reader = new FrameReader(() => bodyBytesMax);
await pool.start();
process.stdin.on('data', (chunk: Buffer) => {
  for (const frame of reader.push(chunk)) {
    const request = frame.header as RunRequest | CancelRequest;
    if (request.kind === 'run') void take(request, frame.body);
    else runs.get(request.id)?.stop('killed', 'cancelled');
  }
});
// Without its host it has nothing to do.
process.stdin.on('end', () => process.exit(0));
send({ kind: 'ready' }, []);
