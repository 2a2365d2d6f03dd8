import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider';

import { replyCharactersMax } from '../../domain/providers/adapter-reading.ts';
import type {
  FinishReason,
  ModelReply,
  ProviderName,
} from '../../domain/providers/model-connector.ts';
import type { CallWatch } from './call-watch.ts';
import { localFault, ProviderFaultError } from './fault.ts';
import { usageOf } from './sdk-usage.ts';

/** How a stream is read. */
export interface StreamReading {
  readonly provider: ProviderName;
  /** The model as it was asked for. */
  readonly model: string;
  readonly watch: CallWatch;
  readonly onText: ((text: string) => void) | undefined;
}

/**
 * Reads a model's stream to its end, as it comes.
 *
 * @throws whatever the stream reports, unsorted, and `ProviderFaultError` when it ends without an end mark,
 *   grows too long or has to stop
 */
export async function readStream(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  reading: StreamReading,
): Promise<ModelReply> {
  const reader = stream.getReader();
  const reply: Gathered = { text: '', model: reading.model, finish: undefined };
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), reading.watch.ended]);
      if (done) break;
      reading.watch.touch();
      gather(reply, value, reading.onText);
    }
  } finally {
    // A stream that broke or was stopped still holds its connection until it is cancelled.
    if (reply.finish === undefined) reader.cancel().catch(() => undefined);
  }
  if (reply.finish === undefined) throw cutOff();
  return {
    text: reply.text,
    finish: finishOf(reply.finish.finishReason),
    usage: usageOf(reading.provider, reply.finish.usage),
    model: reply.model,
  };
}

interface Gathered {
  text: string;
  model: string;
  finish: Extract<LanguageModelV4StreamPart, { type: 'finish' }> | undefined;
}

function gather(
  reply: Gathered,
  part: LanguageModelV4StreamPart,
  onText: StreamReading['onText'],
): void {
  if (part.type === 'error') throw streamError(part.error);
  if (part.type === 'response-metadata') reply.model = part.modelId ?? reply.model;
  if (part.type === 'finish') reply.finish = part;
  if (part.type !== 'text-delta' || part.delta === '') return;
  reply.text += part.delta;
  if (reply.text.length > replyCharactersMax) throw tooLong();
  onText?.(part.delta);
}

/**
 * Says why a model stopped.
 *
 * @throws `ProviderFaultError` when the stream ended without saying so: that is a lost connection
 */
export function finishOf(reason: LanguageModelV4FinishReason): FinishReason {
  switch (reason.unified) {
    case 'stop':
    case 'tool-calls':
      return 'stop';
    case 'length':
      return 'length';
    case 'content-filter':
      return 'refusal';
    case 'other':
      if (reason.raw === undefined) throw cutOff();
      return /content.?filter|refus|safety/i.test(reason.raw) ? 'refusal' : 'other';
    case 'interrupted':
    case 'error':
      throw cutOff();
  }
}

function streamError(error: unknown): Error {
  return error instanceof Error ? error : new Error('error inside the stream', { cause: error });
}

function cutOff(): ProviderFaultError {
  return new ProviderFaultError(
    localFault('unreachable', 'the stream ended before the reply was complete'),
  );
}

function tooLong(): ProviderFaultError {
  return new ProviderFaultError(
    localFault('malformed', `the reply is longer than ${replyCharactersMax} characters`),
  );
}
