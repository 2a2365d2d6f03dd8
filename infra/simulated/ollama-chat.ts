import { at, listAt, objectAt, textAt } from './wire.ts';
import type { SimulatedReply, WireFormat } from './wire.ts';

const FINISH = { stop: 'stop', length: 'length', refusal: 'stop' } as const;

/** Chat, as Ollama speaks it: a stream of JSON lines. It knows no refusals and no cached tokens. */
export const ollamaChat: WireFormat = {
  name: 'ollama-chat',
  streamType: 'application/x-ndjson',
  read(body) {
    const messages = listAt(body, 'messages').map((message) => ({
      role: textAt(message, 'role'),
      text: textAt(message, 'content'),
      images: listAt(message, 'images').length,
    }));
    const said = messages.filter(({ role }) => role !== 'system');
    const systems = messages.filter(({ role }) => role === 'system');
    return {
      model: textAt(body, 'model'),
      system: systems.map(({ text }) => text).join('\n'),
      text: said.map(({ text }) => text).join('\n'),
      images: said.reduce((sum, { images }) => sum + images, 0),
      schema: objectAt(body, 'format'),
      isStream: at(body, 'stream') !== false,
    };
  },
  answer: (reply) => last(reply, reply.pieces.join('')),
  chunks: (reply) => [
    '',
    ...reply.pieces.map((piece) => line({ ...head(reply, piece), done: false })),
    line(last(reply, '')),
  ],
  failure: (status) => ({ error: `simulated failure ${status}` }),
  models: (names) => ({ models: names.map((name) => ({ name, model: name })) }),
};

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function head(reply: SimulatedReply, content: string): object {
  return {
    model: reply.model,
    created_at: '2026-11-01T00:00:00.000Z',
    message: { role: 'assistant', content },
  };
}

function last(reply: SimulatedReply, text: string): object {
  const { usage } = reply;
  return {
    ...head(reply, text),
    done: true,
    done_reason: FINISH[reply.finish],
    ...(usage === null ? {} : { prompt_eval_count: usage.input, eval_count: usage.output }),
  };
}
