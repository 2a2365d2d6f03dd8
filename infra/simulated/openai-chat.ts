import { at, contentOf, listAt, objectAt, sse, textAt } from './wire.ts';
import type { SimulatedReply, SimulatedUsage, WireFormat } from './wire.ts';

const FINISH = { stop: 'stop', length: 'length', refusal: 'content_filter' } as const;

/** Chat completions, as OpenAI and most compatible servers speak them: a chunk of its own says what was used. */
export const openaiChat: WireFormat = {
  name: 'openai-chat',
  streamType: 'text/event-stream',
  read(body) {
    const messages = listAt(body, 'messages').map((message) => ({
      role: textAt(message, 'role'),
      ...contentOf(at(message, 'content')),
    }));
    const isSystem = (role: string): boolean => role === 'system' || role === 'developer';
    const said = messages.filter(({ role }) => !isSystem(role));
    return {
      model: textAt(body, 'model'),
      system: messages.flatMap(({ role, text }) => (isSystem(role) ? [text] : [])).join('\n'),
      text: said.map(({ text }) => text).join('\n'),
      images: said.reduce((sum, { images }) => sum + images, 0),
      schema: objectAt(body, 'response_format', 'json_schema', 'schema'),
      isStream: at(body, 'stream') === true,
    };
  },
  answer: (reply) => ({
    ...head(reply, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: reply.pieces.join('') },
        finish_reason: FINISH[reply.finish],
      },
    ],
    ...usageField(reply.usage),
  }),
  chunks(reply) {
    const usage = sse({ ...head(reply, CHUNK), choices: [], ...usageField(reply.usage) });
    return chunksOf(reply, {}, reply.usage === null ? '' : usage);
  },
  failure: (status) => ({
    error: {
      message: `simulated failure ${status}`,
      type: status === 429 ? 'rate_limit_exceeded' : 'server_error',
      param: null,
      code: null,
    },
  }),
  models: (names) => ({
    object: 'list',
    data: names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulated' })),
  }),
};

/** Chat completions, as Mistral speaks them: the last piece says what was used. */
export const mistralChat: WireFormat = {
  ...openaiChat,
  name: 'mistral-chat',
  chunks: (reply) => chunksOf(reply, usageField(reply.usage), ''),
};

const CHUNK = 'chat.completion.chunk';

function chunksOf(reply: SimulatedReply, lastFields: object, afterLast: string): readonly string[] {
  const chunk = (delta: object, finish: string | null, more: object = {}): string =>
    sse({
      ...head(reply, CHUNK),
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...more,
    });
  return [
    chunk({ role: 'assistant', content: '' }, null),
    ...reply.pieces.map((content) => chunk({ content }, null)),
    chunk({ content: '' }, FINISH[reply.finish], lastFields) + afterLast + sse('[DONE]'),
  ];
}

function head(reply: SimulatedReply, object: string): object {
  return { id: 'chatcmpl-simulated', object, created: 1_790_000_000, model: reply.model };
}

function usageField(usage: SimulatedUsage | null): object {
  if (usage === null) return {};
  return {
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached },
    },
  };
}
