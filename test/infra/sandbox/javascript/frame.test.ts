import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  encodeFrame,
  FrameReader,
  headerBytesMax,
} from '../../../../infra/sandbox/javascript/frame.ts';

describe('messages', () => {
  test('come out as they went in, however the stream is cut', () => {
    const message = fc.record({
      header: fc.dictionary(fc.string(), fc.integer()),
      parts: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }),
    });

    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.nat({ max: 97 }), (messages, size) => {
        const stream = Buffer.concat(
          messages.flatMap(({ header, parts }) => encodeFrame(header, parts)),
        );
        const reader = new FrameReader(() => 600);
        const read = [];
        for (let at = 0; at < stream.length; at += size + 1) {
          read.push(...reader.push(stream.subarray(at, at + size + 1)));
        }

        expect(read.map(({ header, body }) => [header, [...body]])).toEqual(
          messages.map(({ header, parts }) => [{ ...header }, [...Buffer.concat(parts)]]),
        );
      }),
    );
  });

  test('may have a body as long as the bound, and no longer', () => {
    const reader = new FrameReader(() => 3);

    expect(reader.push(Buffer.concat(encodeFrame({}, [Buffer.from('abc')])))).toHaveLength(1);
    expect(() => reader.push(Buffer.concat(encodeFrame({}, [Buffer.from('abcd')])))).toThrow(
      'body: got 4 bytes, expected at most 3',
    );
  });

  test('are refused by their lengths, before what follows has come', () => {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(headerBytesMax + 1);

    expect(() => new FrameReader(() => 0).push(lengths)).toThrow(
      'header: got 65537 bytes, expected at most 65536',
    );
  });
});
