/** One message between host and engine: a small JSON header, then bytes whose lengths the header names. */
export interface Frame {
  readonly header: unknown;
  readonly body: Buffer;
}

/** Largest header, bytes. */
export const headerBytesMax = 64 * 1024;

/** Up to here a message is written in one piece: copying costs less than another call of the system. */
const joinedBytesMax = 64 * 1024;

const lengthBytes = 4;
const prefixBytes = 2 * lengthBytes;

/**
 * Writes a message: length of header, length of body (both 32 bit, little end first), header, body.
 *
 * @param header - small, as JSON
 * @param parts - the body, in pieces
 * @returns the pieces to write, in order
 */
export function encodeFrame(header: object, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const head = Buffer.from(JSON.stringify(header));
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(head.length, 0);
  prefix.writeUInt32LE(bodyBytes, lengthBytes);
  const pieces = [prefix, head, ...parts.filter((part) => part.length > 0)];
  return bodyBytes <= joinedBytesMax ? [Buffer.concat(pieces)] : pieces;
}

/** Cuts a stream of bytes into messages, and never holds more than a message may be long. */
export class FrameReader {
  readonly #bodyBytesMax: () => number;
  #chunks: Buffer[] = [];
  #held = 0;
  #needed = prefixBytes;

  /**
   * Makes a reader for one stream.
   *
   * @param bodyBytesMax - asked at each message: how long its body may be
   */
  constructor(bodyBytesMax: () => number) {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /**
   * Takes what came.
   *
   * @param chunk - the next bytes of the stream
   * @returns the messages that are complete now
   * @throws Error for a length beyond the bound, or a header that is not JSON; read no further then
   */
  push(chunk: Buffer): readonly Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame[] = [];
    while (this.#held >= this.#needed) {
      const frame = this.#next();
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  /** Either the length is not known yet, and is read, or the whole message is there. */
  #next(): Frame | undefined {
    const held = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    if (held === undefined) return undefined;
    this.#chunks = [held];
    const headerBytes = held.readUInt32LE(0);
    const bodyBytes = held.readUInt32LE(lengthBytes);
    this.#check(headerBytes, bodyBytes);
    const end = prefixBytes + headerBytes + bodyBytes;
    this.#needed = end;
    if (held.length < end) return undefined;
    this.#chunks = [held.subarray(end)];
    this.#held -= end;
    this.#needed = prefixBytes;
    const header = held.subarray(prefixBytes, prefixBytes + headerBytes).toString();
    return {
      header: JSON.parse(header) as unknown,
      body: held.subarray(prefixBytes + headerBytes, end),
    };
  }

  #check(headerBytes: number, bodyBytes: number): void {
    if (headerBytes > headerBytesMax) {
      throw new Error(`header: got ${headerBytes} bytes, expected at most ${headerBytesMax}`);
    }
    const max = this.#bodyBytesMax();
    if (bodyBytes > max) throw new Error(`body: got ${bodyBytes} bytes, expected at most ${max}`);
  }
}
