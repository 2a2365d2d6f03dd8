import type { BenchStack } from './bench-stack.ts';

/** What came of many debates at once. */
export interface LoadResult {
  readonly ids: readonly string[];
  readonly elapsedMs: number;
  /** How long each start took to be answered, milliseconds. */
  readonly answerMs: readonly number[];
  /** From each start's sending to its seal in the database, milliseconds; as exact as the looks are frequent. */
  readonly totalMs: readonly number[];
  /** Transactions of the looks for finished runs: the bench's own. */
  readonly looks: number;
}

/** A look at the database for finished runs costs one indexed query. */
const LOOK_EVERY_MS = 20;
const STALLED_AFTER_MS = 60_000;

interface Waiting {
  readonly sentAt: number;
  readonly resolve: (totalMs: number) => void;
}

/**
 * Runs debates, so many in flight at a time, each from its start over HTTP to its seal.
 *
 * @throws Error when none ends for a minute
 */
export async function runDebates(
  bench: BenchStack,
  options: { readonly debates: number; readonly inFlight: number },
): Promise<LoadResult> {
  const seals = watchSeals(bench);
  const ids: string[] = [];
  const answerMs: number[] = [];
  const totalMs: number[] = [];
  const startedAt = performance.now();
  let left = options.debates;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { id, sentAt, answeredAt } = await bench.client.start(bench.job);
      ids.push(id);
      answerMs.push(answeredAt - sentAt);
      totalMs.push(await seals.of(id, sentAt));
    }
  };
  const lanes = Array.from({ length: Math.min(options.inFlight, options.debates) }, lane);
  try {
    await Promise.race([Promise.all(lanes), seals.stalled, bench.stack.failure]);
  } finally {
    seals.stop();
  }
  const elapsedMs = performance.now() - startedAt;
  return { ids, elapsedMs, answerMs, totalMs, looks: seals.looks() };
}

/** One query for all runs in flight, so that watching costs the parts that are measured next to nothing. */
function watchSeals({ sql }: BenchStack): {
  of(id: string, sentAt: number): Promise<number>;
  readonly stalled: Promise<never>;
  looks(): number;
  stop(): void;
} {
  const waiting = new Map<string, Waiting>();
  let seenAt = performance.now();
  let isStopped = false;
  let looks = 0;
  let reject: (error: Error) => void = () => undefined;
  const stalled = new Promise<never>((_resolve, fail) => (reject = fail));
  const look = async (): Promise<void> => {
    looks += 1;
    const rows = await sql<{ id: string }[]>`
      select id from conclave.collaborations
      where tenant_id = 'local' and id = any (${[...waiting.keys()]}) and record_sha256 is not null`;
    const now = performance.now();
    for (const { id } of rows) {
      const entry = waiting.get(id);
      waiting.delete(id);
      entry?.resolve(now - entry.sentAt);
      seenAt = now;
    }
    if (now - seenAt > STALLED_AFTER_MS)
      throw new Error(`${String(waiting.size)} debates do not end`);
  };
  const again = (): void => {
    if (isStopped) return;
    look().then(() => setTimeout(again, LOOK_EVERY_MS), reject);
  };
  again();
  return {
    of: (id, sentAt) => new Promise((resolve) => waiting.set(id, { sentAt, resolve })),
    stalled,
    looks: () => looks,
    stop: () => {
      isStopped = true;
    },
  };
}
