import { describe, expect, test } from '@jest/globals';
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';

import { watchCall } from '../../../activities/models/call-watch.ts';
import { readStream } from '../../../activities/models/reply-stream.ts';
import { replyCharactersMax } from '../../../domain/providers/adapter-reading.ts';
import type { ModelReply } from '../../../domain/providers/model-connector.ts';
import { faultOf } from '../../support/providers.ts';

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
  raw: { prompt_tokens: 1, completion_tokens: 1 },
};
const end: LanguageModelV4StreamPart = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage,
};

function piece(characters: number): LanguageModelV4StreamPart {
  return { type: 'text-delta', id: '1', delta: 'x'.repeat(characters) };
}

/** Reads the parts to whatever end they come. */
async function read(
  parts: readonly LanguageModelV4StreamPart[],
): Promise<{ readonly reply: Promise<ModelReply>; readonly wasCancelled: () => boolean }> {
  let wasCancelled = false;
  const left = [...parts];
  const stream = new ReadableStream<LanguageModelV4StreamPart>({
    pull: (controller) => {
      const next = left.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    cancel: () => {
      wasCancelled = true;
    },
  });
  const watch = watchCall(new AbortController().signal, { totalMs: 5000, chunkMs: 5000 });
  const about = {
    provider: 'openai-compatible',
    model: 'asked',
    watch,
    onText: undefined,
  } as const;
  const reply = readStream(stream, about).finally(() => {
    watch.release();
  });
  await reply.catch(() => undefined);
  return { reply, wasCancelled: () => wasCancelled };
}

describe('reading a stream', () => {
  test('takes a reply as long as may be', async () => {
    const { reply } = await read([piece(replyCharactersMax), end]);

    expect((await reply).text).toHaveLength(replyCharactersMax);
  });

  test('stops at a reply without end, and lets its connection go', async () => {
    const { reply, wasCancelled } = await read([piece(replyCharactersMax), piece(1), end, end]);

    expect(await faultOf(reply)).toMatchObject({ code: 'malformed', disposition: 'never' });
    expect(wasCancelled()).toBe(true);
  });

  test('takes a stream without an end mark for a lost connection', async () => {
    const { reply } = await read([piece(1)]);

    expect(await faultOf(reply)).toMatchObject({ code: 'unreachable', disposition: 'retry-now' });
  });
});
