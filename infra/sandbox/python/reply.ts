import type { Duplex } from 'node:stream';

import { z } from 'zod';

import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxResult, SandboxStatus } from '../../../domain/sandbox/run.ts';
import { FrameReader } from '../javascript/frame.ts';
import type { Frame } from '../javascript/frame.ts';

/** What came over a channel: one message, or why there is none. */
export type Heard =
  { readonly kind: 'message'; readonly frame: Frame } | Extract<Reply, { kind: 'none' }>;

/** What a snippet says of its own end. It may be a lie, which falsifies nothing but the snippet's own result. */
export type Reply =
  | { readonly kind: 'none'; readonly reason: string }
  | {
      readonly kind: 'ended';
      readonly fault: {
        readonly kind: 'raised' | 'memory' | 'large';
        readonly reason: string;
      } | null;
      readonly value: string | null;
    };

/** What a run came to, by its exit code and by what it said. */
export type Outcome = Pick<SandboxResult, 'status' | 'reason' | 'value'>;

const REASON_LENGTH_MAX = 2000;
// A character of control would act on the terminal of whoever reads it.
const CONTROL = /\p{Cc}/gu;

const endedSchema = z.strictObject({
  kind: z.literal('ended'),
  fault: z
    .strictObject({
      kind: z.enum(['raised', 'memory', 'large']),
      reason: z.string().max(REASON_LENGTH_MAX),
    })
    .nullable(),
  hasValue: z.boolean(),
});

/**
 * Waits for one message, and reads nothing after it.
 *
 * @param channel - to a program that may say anything
 * @param bodyBytesMax - a longer one is no message
 */
export async function hear(channel: Duplex, bodyBytesMax: number): Promise<Heard> {
  const reader = new FrameReader(() => bodyBytesMax);
  return await new Promise((resolve) => {
    const settle = (heard: Heard): void => {
      channel.off('data', take);
      channel.off('close', end);
      channel.off('end', end);
      channel.pause();
      resolve(heard);
    };
    const take = (bytes: Buffer): void => {
      try {
        const [frame] = reader.push(bytes);
        if (frame !== undefined) settle({ kind: 'message', frame });
      } catch (error) {
        settle(none(error));
      }
    };
    const end = (): void => {
      settle({
        kind: 'none',
        reason: 'ended without telling its result: by os._exit, or with descriptor 3 closed',
      });
    };
    channel.on('data', take);
    channel.once('close', end);
    channel.once('end', end);
    if (channel.closed || channel.readableEnded) end();
    else channel.resume();
  });
}

/** Reads what a snippet said at its end. */
export function readReply(heard: Heard): Reply {
  if (heard.kind === 'none') return heard;
  try {
    const { fault, hasValue } = endedSchema.parse(heard.frame.header);
    if (!hasValue) return { kind: 'ended', fault, value: null };
    const value = heard.frame.body.toString('utf8');
    JSON.parse(value);
    return { kind: 'ended', fault, value };
  } catch (error) {
    return none(error);
  }
}

function none(error: unknown): Reply & { kind: 'none' } {
  const words = error instanceof Error ? error.message : String(error);
  return { kind: 'none', reason: plain(`gave no result that can be read: ${words}`) };
}

/**
 * Brings together how a program ended and what it said of it: limits and signals count before words.
 *
 * @param verdict - by exit code and limits
 * @param reply - what it said
 * @param limits - of the run
 */
export function outcomeOf(
  verdict: Pick<SandboxResult, 'status' | 'reason' | 'exitCode'>,
  reply: Reply,
  limits: SandboxLimits,
): Outcome {
  const { status, reason, exitCode } = verdict;
  const isOwnEnd = status === 'ok' || (status === 'error' && exitCode === 1);
  if (!isOwnEnd || (status === 'error' && reply.kind === 'none')) {
    return { status, reason, value: null };
  }
  if (reply.kind === 'none') return { status: 'error', reason: reply.reason, value: null };
  if (reply.fault !== null) return { ...faulty(reply.fault, limits), value: null };
  return { status, reason, value: status === 'ok' ? reply.value : null };
}

function faulty(
  { kind, reason }: { readonly kind: 'raised' | 'memory' | 'large'; readonly reason: string },
  limits: SandboxLimits,
): { readonly status: SandboxStatus; readonly reason: string } {
  if (kind === 'raised') return { status: 'error', reason: plain(reason) };
  if (kind === 'memory') {
    return { status: 'memory', reason: `used its ${limits.memoryBytes} bytes of memory` };
  }
  return {
    status: 'output',
    reason: `gave a result of more than ${valueBytesMax(limits)} bytes`,
  };
}

const VALUE_BYTES_MIN = 64 * 1024;
// It is looked at whether it is JSON, for which everything else has to wait.
const VALUE_BYTES_MAX = 4 * 1024 * 1024;

/** How long a result may be: as long as the output, within bounds. */
export function valueBytesMax({ outputBytes }: SandboxLimits): number {
  return Math.min(Math.max(outputBytes, VALUE_BYTES_MIN), VALUE_BYTES_MAX);
}

function plain(text: string): string {
  return text.replace(CONTROL, ' ').slice(0, REASON_LENGTH_MAX);
}
