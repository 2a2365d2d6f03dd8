import postgres from 'postgres';

import { within } from '../../support/within.ts';

/** One stream as it grew before the eyes of a test. */
export interface FollowedStream {
  readonly id: string;
  /** Number of the last event that was seen. */
  readonly seq: number;
  /** When each number was first seen, `performance.now()`; events of one transaction at the same time. */
  readonly seenAt: ReadonlyMap<number, number>;
  /** Resolves when the stream has this many events; rejects when it has not within the time. */
  until(seq: number, withinMs: number): Promise<void>;
}

/** Hears every stream of a ledger grow, also when the database is killed meanwhile. */
export interface LedgerFollower {
  /** Gives a stream by its id, from wherever it is. */
  stream(id: string): FollowedStream;
  /** Resolves with the next stream that was not heard of before; rejects when none comes within the time. */
  nextStream(withinMs: number): Promise<FollowedStream>;
  close(): Promise<void>;
}

/** Begins to hear; resolves once nothing can be missed any more. */
export async function followLedger(ownerUrl: string): Promise<LedgerFollower> {
  const sql = postgres(ownerUrl, { max: 2, onnotice: () => undefined, backoff: () => 0.05 });
  const streams = new Map<string, GrowingStream>();
  let newcomer: ((stream: FollowedStream) => void) | undefined;

  const streamOf = (id: string): GrowingStream => {
    const known = streams.get(id);
    if (known !== undefined) return known;
    const stream = new GrowingStream(id);
    streams.set(id, stream);
    return stream;
  };
  const hear = (id: string, seq: number): void => {
    const isNew = !streams.has(id);
    const stream = streamOf(id);
    stream.grow(seq);
    if (!isNew || newcomer === undefined) return;
    newcomer(stream);
    newcomer = undefined;
  };
  // What came while the connection was away was not heard: the heads tell it.
  const lookAtAll = async (): Promise<void> => {
    const heads = await sql<{ id: string; seq: number }[]>`select id, seq from conclave.streams`;
    for (const { id, seq } of heads) hear(id, seq);
  };
  await sql.listen(
    'conclave_events',
    (payload) => {
      const [, id = '', seq = '0'] = payload.split(' ');
      hear(id, Number(seq));
    },
    () => void lookAtAll().catch(() => undefined),
  );
  return {
    stream: streamOf,
    nextStream: (withinMs) =>
      within(withinMs, 'a new stream', (resolve) => {
        newcomer = resolve;
      }),
    close: async () => {
      await sql.end({ timeout: 1 });
    },
  };
}

class GrowingStream implements FollowedStream {
  readonly id: string;
  readonly seenAt = new Map<number, number>();
  seq = 0;
  readonly #waiting: { readonly seq: number; readonly resolve: () => void }[] = [];

  constructor(id: string) {
    this.id = id;
  }

  grow(seq: number): void {
    const now = performance.now();
    while (this.seq < seq) {
      this.seq += 1;
      this.seenAt.set(this.seq, now);
    }
    for (const waiter of [...this.#waiting]) {
      if (waiter.seq > this.seq) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve();
    }
  }

  async until(seq: number, withinMs: number): Promise<void> {
    if (this.seq >= seq) return;
    const what = `event ${String(seq)} of ${this.id}`;
    await within<undefined>(
      withinMs,
      () => `${what} (it has ${String(this.seq)})`,
      (resolve) => {
        this.#waiting.push({
          seq,
          resolve: () => {
            resolve(undefined);
          },
        });
      },
    );
  }
}
