import { createHash } from 'node:crypto';

/** The clock and the chance of one run, both drawn from its seed. */
export interface SeededWorld {
  /** Nanoseconds since 1970; the same at every question. */
  readonly nowNs: bigint;
  /**
   * Fills bytes with the next of the stream.
   *
   * @param bytes - where they go
   */
  readonly fill: (bytes: Uint8Array) => void;
}

const yearStartNs = BigInt(Date.UTC(2025, 0, 1)) * 1_000_000n;
const yearNs = 365n * 24n * 3600n * 1_000_000_000n;

/**
 * Makes the world that a snippet sees. The same seed gives the same moment of the year 2025 and the same
 * stream of bytes (SHA-256 of seed and counter), on any machine.
 *
 * @param seed - any text
 * @returns clock and chance
 */
export function seededWorld(seed: string): SeededWorld {
  const block = (name: string): Buffer => createHash('sha256').update(`${name}\n${seed}`).digest();
  let counter = 0;
  let rest: Buffer = Buffer.alloc(0);
  return {
    nowNs: yearStartNs + (block('clock').readBigUInt64BE() % yearNs),
    fill: (bytes) => {
      for (let at = 0; at < bytes.length; at++) {
        if (rest.length === 0) rest = block(`chance ${String(counter++)}`);
        bytes[at] = rest[0] ?? 0;
        rest = rest.subarray(1);
      }
    },
  };
}
