import { at, contentOf, listAt, objectAt, sse, textAt } from './wire.ts';
import type { SimulatedReply, SimulatedUsage, WireFormat } from './wire.ts';
import { openaiChat } from './openai-chat.ts';

const ITEM = 'msg_simulated';

/** The responses API, as OpenAI and xAI speak it. */
export const openaiResponses: WireFormat = {
  name: 'openai-responses',
  streamType: 'text/event-stream',
  read(body) {
    const messages = listAt(body, 'input').map((message) => ({
      role: textAt(message, 'role'),
      ...contentOf(at(message, 'content')),
    }));
    const isSystem = (role: string): boolean => role === 'system' || role === 'developer';
    const said = messages.filter(({ role }) => !isSystem(role));
    const systems = messages.flatMap(({ role, text }) => (isSystem(role) ? [text] : []));
    return {
      model: textAt(body, 'model'),
      system: [textAt(body, 'instructions'), ...systems].filter((text) => text !== '').join('\n'),
      text: said.map(({ text }) => text).join('\n'),
      images: said.reduce((sum, { images }) => sum + images, 0),
      schema: objectAt(body, 'text', 'format', 'schema'),
      isStream: at(body, 'stream') === true,
    };
  },
  answer: (reply) => finished(reply),
  chunks(reply) {
    const text = reply.pieces.join('');
    const place = { item_id: ITEM, output_index: 0, content_index: 0 };
    const opened = { ...responseHead(reply), status: 'in_progress', output: [] };
    const events: object[] = [
      { type: 'response.created', response: opened },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...message('in_progress'), content: [] },
      },
    ];
    const closing: object[] = [
      { type: 'response.output_text.done', ...place, text },
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: { ...message('completed'), content: [output(text)] },
      },
      {
        type: reply.finish === 'stop' ? 'response.completed' : 'response.incomplete',
        response: finished(reply),
      },
    ];
    let sequence = 0;
    const write = (event: object): string => sse({ ...event, sequence_number: sequence++ });
    return [
      events.map(write).join(''),
      ...reply.pieces.map((delta) =>
        write({ type: 'response.output_text.delta', ...place, delta, logprobs: [] }),
      ),
      closing.map(write).join(''),
    ];
  },
  failure: (status) => openaiChat.failure(status),
  models: (names) => openaiChat.models(names),
};

const INCOMPLETE = { length: 'max_output_tokens', refusal: 'content_filter' } as const;

function finished(reply: SimulatedReply): object {
  const { finish } = reply;
  return {
    ...responseHead(reply),
    status: finish === 'stop' ? 'completed' : 'incomplete',
    incomplete_details: finish === 'stop' ? null : { reason: INCOMPLETE[finish] },
    output: [{ ...message('completed'), content: [output(reply.pieces.join(''))] }],
    ...usageField(reply.usage),
  };
}

function responseHead(reply: SimulatedReply): object {
  return {
    id: 'resp_simulated',
    object: 'response',
    created_at: 1_790_000_000,
    model: reply.model,
    error: null,
    incomplete_details: null,
  };
}

function message(status: string): object {
  return { id: ITEM, type: 'message', role: 'assistant', status };
}

function output(text: string): object {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function usageField(usage: SimulatedUsage | null): object {
  if (usage === null) return {};
  return {
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}
