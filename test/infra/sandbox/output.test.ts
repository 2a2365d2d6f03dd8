import { PassThrough } from 'node:stream';

import { expect, test } from '@jest/globals';

import { collectOutput } from '../../../infra/sandbox/output.ts';

function streams(): { stdout: PassThrough; stderr: PassThrough } {
  return { stdout: new PassThrough(), stderr: new PassThrough() };
}

test('keeps both streams apart', async () => {
  const both = streams();
  const output = collectOutput(both, 100, () => undefined);

  both.stdout.end('out');
  both.stderr.end('err');
  await output.ended;

  expect(output.read()).toEqual({ stdout: 'out', stderr: 'err', isTruncated: false });
});

test('does not wait for a stream that ended before anyone listened', async () => {
  const both = streams();
  both.stdout.resume().end();
  both.stderr.destroy();
  await new Promise((resolve) => both.stdout.once('end', resolve));

  const output = collectOutput(both, 100, () => undefined);
  await output.ended;

  expect(output.read()).toEqual({ stdout: '', stderr: '', isTruncated: false });
});

test('keeps exactly as much as is allowed of both together, and tells of more once', async () => {
  const both = streams();
  let told = 0;
  const output = collectOutput(both, 5, () => told++);

  both.stdout.end('123');
  both.stderr.write('4567');
  both.stderr.end('89');
  await output.ended;

  const { stdout, stderr, isTruncated } = output.read();
  expect(stdout.length + stderr.length).toBe(5);
  expect(isTruncated).toBe(true);
  expect(told).toBe(1);
});

test('does not call exactly as much as is allowed too much', async () => {
  const both = streams();
  const output = collectOutput(both, 3, () => undefined);

  both.stdout.end('123');
  both.stderr.end();
  await output.ended;

  expect(output.read().isTruncated).toBe(false);
});

test('keeps letters whole that come in parts', async () => {
  const both = streams();
  const output = collectOutput(both, 100, () => undefined);

  both.stdout.write(Buffer.from([0xc3]));
  both.stdout.end(Buffer.from([0xa4]));
  both.stderr.end();
  await output.ended;

  expect(output.read().stdout).toBe('ä');
});

test('stops reading when it is cut', async () => {
  const both = streams();
  const output = collectOutput(both, 100, () => undefined);

  output.cut();
  await output.ended;

  expect(output.read()).toEqual({ stdout: '', stderr: '', isTruncated: false });
});

test.each([1, 3, 70_000])('reads text that comes %d bytes at a time', async (size) => {
  const both = streams();
  const output = collectOutput(both, 1_000_000, () => undefined);
  const text = 'aé€😀\n'.repeat(20_000);
  const bytes = Buffer.from(text);

  for (let at = 0; at < bytes.length; at += size) both.stdout.write(bytes.subarray(at, at + size));
  both.stdout.end();
  both.stderr.end();
  await output.ended;

  expect(output.read().stdout).toBe(text);
});

test('says where a character was cut in two', async () => {
  const both = streams();
  const output = collectOutput(both, 2, () => undefined);

  both.stdout.end('a€');
  both.stderr.end();
  await output.ended;

  expect(output.read().stdout).toBe('a\uFFFD');
});
