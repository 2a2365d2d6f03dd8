import { at, contentOf, listAt, objectAt, sse, textAt } from './wire.ts';
import type { SimulatedReply, SimulatedUsage, WireFormat } from './wire.ts';

const FINISH = { stop: 'end_turn', length: 'max_tokens', refusal: 'refusal' } as const;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** Messages, as Anthropic speaks them. */
export const anthropicMessages: WireFormat = {
  name: 'anthropic-messages',
  streamType: 'text/event-stream',
  read(body) {
    const said = listAt(body, 'messages').map((message) => contentOf(at(message, 'content')));
    return {
      model: textAt(body, 'model'),
      system: contentOf(at(body, 'system')).text,
      text: said.map(({ text }) => text).join('\n'),
      images: said.reduce((sum, { images }) => sum + images, 0),
      schema:
        objectAt(body, 'output_config', 'format', 'schema') ??
        objectAt(body, 'output_format', 'schema'),
      isStream: at(body, 'stream') === true,
    };
  },
  answer: (reply) => ({
    ...head(reply),
    content: [{ type: 'text', text: reply.pieces.join('') }],
    stop_reason: FINISH[reply.finish],
    usage: usageOf(reply.usage),
  }),
  chunks(reply) {
    const event = (data: { type: string } & Record<string, unknown>): string =>
      sse(data, data.type);
    const message = { ...head(reply), usage: { ...usageOf(reply.usage), output_tokens: 1 } };
    const block = { type: 'text', text: '' };
    const delta = { stop_reason: FINISH[reply.finish], stop_sequence: null };
    const usage = { output_tokens: reply.usage?.output ?? 0 };
    return [
      event({ type: 'message_start', message }) +
        event({ type: 'content_block_start', index: 0, content_block: block }),
      ...reply.pieces.map((text) =>
        event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
      ),
      event({ type: 'content_block_stop', index: 0 }) +
        event({ type: 'message_delta', delta, usage }) +
        event({ type: 'message_stop' }),
    ];
  },
  failure: (status) => ({
    type: 'error',
    error: {
      type: ERROR_TYPES[status] ?? 'api_error',
      message: `simulated failure ${status}`,
    },
  }),
  models: (names) => ({
    data: names.map((id) => ({ type: 'model', id, display_name: id })),
    has_more: false,
  }),
};

function head(reply: SimulatedReply): Record<string, unknown> {
  return {
    id: 'msg_simulated',
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

/** This format counts cached tokens beside the input, and always says something. */
function usageOf(usage: SimulatedUsage | null): Record<string, number> {
  if (usage === null) return { input_tokens: 0, output_tokens: 0 };
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
  };
}
