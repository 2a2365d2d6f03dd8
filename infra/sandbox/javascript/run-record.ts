/**
 * Where a worker writes what a run did so far, in memory that the engine's main thread reads also after it had
 * to end the worker in mid-run.
 */
export interface RunRecord {
  /** Fuel used, whether output was cut, bytes of standard output, bytes of standard error. */
  readonly counts: SharedArrayBuffer;
  readonly stdout: SharedArrayBuffer;
  readonly stderr: SharedArrayBuffer;
}

const fields = { fuelUsed: 0, isTruncated: 1, stdout: 2, stderr: 3 } as const;

/**
 * Makes an empty record.
 *
 * @param outputBytes - how much standard output and standard error may hold together
 * @returns memory that grows as it is written
 */
export function createRecord(outputBytes: number): RunRecord {
  const text = (): SharedArrayBuffer => new SharedArrayBuffer(0, { maxByteLength: outputBytes });
  return { counts: new SharedArrayBuffer(4 * 4), stdout: text(), stderr: text() };
}

/** Writes a record, from inside the worker. */
export class RecordWriter {
  readonly #record: RunRecord;
  readonly #counts: Int32Array;
  #room: number;

  constructor(record: RunRecord, outputBytes: number) {
    this.#record = record;
    this.#counts = new Int32Array(record.counts);
    this.#room = outputBytes;
  }

  /** Notes how much fuel was used by now. */
  burn(fuelUsed: number): void {
    this.#counts[fields.fuelUsed] = fuelUsed;
  }

  /**
   * Adds text to a stream, as much of it as there is room for.
   *
   * @param stream - which
   * @param text - what was written
   * @returns whether all of it had room
   */
  write(stream: 'stdout' | 'stderr', text: string): boolean {
    const bytes = Buffer.from(text);
    const kept = bytes.length <= this.#room ? bytes : wholeCharacters(bytes, this.#room);
    const buffer = this.#record[stream];
    const at = this.#counts[fields[stream]] ?? 0;
    const end = at + kept.length;
    if (end > buffer.byteLength) buffer.grow(Math.min(buffer.maxByteLength, grown(end)));
    new Uint8Array(buffer).set(kept, at);
    this.#counts[fields[stream]] = end;
    this.#room -= kept.length;
    const isWhole = kept.length === bytes.length;
    if (!isWhole) {
      this.#counts[fields.isTruncated] = 1;
      this.#room = 0;
    }
    return isWhole;
  }
}

/** What a record says; standard output and standard error are copies. */
export interface RecordReading {
  readonly fuelUsed: number;
  readonly isTruncated: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/**
 * Reads a record, after its run has ended.
 *
 * @param record - written by one worker
 * @returns what the run did
 */
export function readRecord(record: RunRecord): RecordReading {
  const counts = new Int32Array(record.counts);
  const text = (stream: 'stdout' | 'stderr'): Uint8Array =>
    new Uint8Array(record[stream]).slice(0, counts[fields[stream]]);
  return {
    fuelUsed: counts[fields.fuelUsed] ?? 0,
    isTruncated: counts[fields.isTruncated] === 1,
    stdout: text('stdout'),
    stderr: text('stderr'),
  };
}

const firstGrowth = 4096;

/** Doubling, so that many small lines do not ask the system for memory each. */
function grown(needed: number): number {
  return Math.max(firstGrowth, 2 ** Math.ceil(Math.log2(needed)));
}

function wholeCharacters(bytes: Buffer, max: number): Buffer {
  let end = max;
  // Bytes 10xxxxxx continue a character: one that is cut there would be unreadable.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
