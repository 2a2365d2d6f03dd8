import { PassThrough } from 'node:stream';

import { describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import type { SandboxStatus } from '../../../../domain/sandbox/run.ts';
import { encodeFrame } from '../../../../infra/sandbox/javascript/frame.ts';
import {
  hear,
  outcomeOf,
  readReply,
  valueBytesMax,
} from '../../../../infra/sandbox/python/reply.ts';
import type { Reply } from '../../../../infra/sandbox/python/reply.ts';

const limits = completeLimits({});

/** What is read of what a program said before it ended. */
async function replyOf(...pieces: readonly Uint8Array[]): Promise<Reply> {
  const channel = new PassThrough();
  const replying = hear(channel, 100).then(readReply);
  for (const piece of pieces) channel.write(piece);
  channel.end();
  return await replying;
}

const ended = (fields: object, body = ''): readonly Uint8Array[] =>
  encodeFrame({ kind: 'ended', fault: null, hasValue: false, ...fields }, [Buffer.from(body)]);

describe('what a snippet says of its end', () => {
  test('is its value', async () => {
    const reply = await replyOf(...ended({ hasValue: true }, '{"a":1}'));

    expect(reply).toEqual({ kind: 'ended', fault: null, value: '{"a":1}' });
  });

  test('is its fault', async () => {
    const fault = { kind: 'raised', reason: 'ValueError: no' };

    expect(await replyOf(...ended({ fault }))).toEqual({ kind: 'ended', fault, value: null });
  });

  test('is read once, whatever follows', async () => {
    const reply = await replyOf(
      ...ended({ hasValue: true }, '1'),
      ...ended({ hasValue: true }, '2'),
    );

    expect(reply).toMatchObject({ value: '1' });
  });

  test.each<[string, readonly Uint8Array[]]>([
    ['a header that is too long', [Buffer.from('ffffffff00000000', 'hex')]],
    ['a body that is too long', [Buffer.from('02000000ffffffff', 'hex')]],
    ['a header that is no JSON', [Buffer.from('0200000000000000', 'hex'), Buffer.from('{{')]],
    ['another kind of message', encodeFrame({ kind: 'ready' }, [])],
    ['a field too many', ended({ status: 'ok' })],
    ['a fault of no known kind', ended({ fault: { kind: 'great', reason: '' } })],
    ['a reason without end', ended({ fault: { kind: 'raised', reason: 'x'.repeat(2001) } })],
    ['a value that is no JSON', ended({ hasValue: true }, 'NaN')],
  ])('is nothing where it is %s', async (_what, pieces) => {
    const reply = await replyOf(...pieces);

    expect(reply).toHaveProperty('kind', 'none');
    expect(reply).toHaveProperty('reason', expect.stringMatching(/^gave no result .*: ./));
  });

  test('is nothing where it ends in the middle of it', async () => {
    const [whole = new Uint8Array()] = ended({});

    const reply = await replyOf(whole.subarray(0, 20));

    expect(reply).toEqual({
      kind: 'none',
      reason: 'ended without telling its result: by os._exit, or with descriptor 3 closed',
    });
  });

  test('is nothing where its channel was gone before', async () => {
    const channel = new PassThrough();
    channel.destroy();
    await new Promise((resolve) => channel.once('close', resolve));

    expect(await hear(channel, 0)).toMatchObject({ kind: 'none' });
  });
});

describe('the outcome', () => {
  const outcome = (
    [status, exitCode]: readonly [SandboxStatus, number | null],
    reply: Reply,
  ): unknown => {
    const reason = status === 'ok' ? '' : 'as seen from outside';
    return outcomeOf({ status, reason, exitCode }, reply, limits);
  };
  const gave: Reply = { kind: 'ended', fault: null, value: '1' };
  const silent: Reply = { kind: 'none', reason: 'silent' };
  const raised = (reason: string): Reply => {
    return { kind: 'ended', fault: { kind: 'raised', reason }, value: null };
  };

  test('is the value of what ended well', () => {
    expect(outcome(['ok', 0], gave)).toEqual({ status: 'ok', reason: '', value: '1' });
  });

  test('is an error where nothing was told', () => {
    expect(outcome(['ok', 0], silent)).toEqual({ status: 'error', reason: 'silent', value: null });
  });

  test('is the reason that was told, in characters that act on nothing', () => {
    expect(outcome(['error', 1], raised('A: \u001b[2Jb\n'))).toEqual({
      status: 'error',
      reason: 'A:  [2Jb ',
      value: null,
    });
  });

  test.each([
    ['memory', 'memory', 'used its 268435456 bytes of memory'],
    ['large', 'output', 'gave a result of more than 1048576 bytes'],
  ] as const)('of a fault of kind %s is %s', (kind, status, reason) => {
    const reply: Reply = { kind: 'ended', fault: { kind, reason: '' }, value: null };

    expect(outcome(['ok', 0], reply)).toEqual({ status, reason, value: null });
  });

  test.each<[SandboxStatus, number | null]>([
    ['timeout', null],
    ['memory', null],
    ['killed', null],
    ['error', 139],
    ['error', 3],
    ['disk', 153],
  ])('of %s with code %s is that, whatever was told', (status, exitCode) => {
    for (const reply of [gave, silent, raised('a lie')]) {
      expect(outcome([status, exitCode], reply)).toEqual({
        status,
        reason: 'as seen from outside',
        value: null,
      });
    }
  });
});

test.each([
  [0, 64 * 1024],
  [1_000_000, 1_000_000],
  [64 * 1024 * 1024, 4 * 1024 * 1024],
])('a run with %s bytes of output may give a value of %s', (outputBytes, bytes) => {
  expect(valueBytesMax(completeLimits({ outputBytes }))).toBe(bytes);
});
