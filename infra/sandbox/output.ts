import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const BLOCK_BYTES_MIN = 4096;
// Text of this length is not moved about as shorter text is while memory is cleared up.
const BLOCK_BYTES_MAX = 1024 * 1024;

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
  /** What came so far, cut at the limit; nothing is added to it afterwards. */
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
  const kept = { stdout: new KeptText(), stderr: new KeptText() };
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

/**
 * Text that comes as bytes. They are read block by block as they come: a program that writes them one by one must not cost the
 * engine a piece each, and one that writes many must not hold it at its end.
 */
class KeptText {
  readonly #decoder = new StringDecoder('utf8');
  #text = '';
  #block = Buffer.alloc(0);
  #filled = 0;

  add(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0;) {
      if (this.#filled === this.#block.length) this.#grow();
      const length = rest.copy(this.#block, this.#filled);
      this.#filled += length;
      rest = rest.subarray(length);
    }
  }

  /** All of it; nothing is added afterwards. */
  text(): string {
    this.#read();
    this.#text += this.#decoder.end();
    return this.#text;
  }

  #grow(): void {
    if (this.#filled === BLOCK_BYTES_MAX) {
      this.#read();
      return;
    }
    const larger = Buffer.allocUnsafe(Math.max(BLOCK_BYTES_MIN, 2 * this.#filled));
    this.#block.copy(larger, 0, 0, this.#filled);
    this.#block = larger;
  }

  #read(): void {
    this.#text += this.#decoder.write(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
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
