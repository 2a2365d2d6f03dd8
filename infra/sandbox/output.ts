import type { Readable } from 'node:stream';

const BYTES_MIN = 4096;

/** What a program wrote, as far as it was kept. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly isTruncated: boolean;
}

/** Output that is still being written. */
export interface GrowingOutput {
  /** Resolves when both streams have come to their end, or were cut. */
  readonly ended: Promise<void>;
  /** What came so far, cut at the limit. */
  read(): Output;
  /** Stops reading. */
  cut(): void;
}

/**
 * Reads both streams of a program, keeping as much as is allowed of both together.
 *
 * @param streams - both, as they come
 * @param streams.stdout - kept apart from the other
 * @param streams.stderr - the same
 * @param bytesMax - how much is kept
 * @param onExcess - called once, when one byte more came
 */
export function collectOutput(
  { stdout, stderr }: { readonly stdout: Readable; readonly stderr: Readable },
  bytesMax: number,
  onExcess: () => void,
): GrowingOutput {
  const kept = { stdout: new KeptBytes(), stderr: new KeptBytes() };
  let left = bytesMax;
  let isTruncated = false;

  const take = (name: 'stdout' | 'stderr', bytes: Buffer): void => {
    const part = bytes.subarray(0, left);
    kept[name].add(part);
    left -= part.length;
    if (part.length === bytes.length || isTruncated) return;
    isTruncated = true;
    onExcess();
  };

  return {
    ended: Promise.all([
      drained(stdout, (bytes) => {
        take('stdout', bytes);
      }),
      drained(stderr, (bytes) => {
        take('stderr', bytes);
      }),
    ]).then(() => undefined),
    read: () => ({
      stdout: kept.stdout.text(),
      stderr: kept.stderr.text(),
      isTruncated,
    }),
    cut: () => {
      stdout.destroy();
      stderr.destroy();
    },
  };
}

/** Bytes in one piece: a program that writes them one by one must not cost the engine a buffer each. */
class KeptBytes {
  #bytes = Buffer.alloc(0);
  #length = 0;

  add(part: Buffer): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length, BYTES_MIN));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    part.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  text(): string {
    return this.#bytes.toString('utf8', 0, this.#length);
  }
}

async function drained(stream: Readable, take: (bytes: Buffer) => void): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return; // an empty one ends before anyone listens
  await new Promise<void>((resolve) => {
    stream.on('data', take);
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.once('error', () => {
      resolve(); // what came before it is kept
    });
  });
}
