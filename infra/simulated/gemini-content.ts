import { at, contentOf, listAt, objectAt, sse } from './wire.ts';
import type { SimulatedReply, SimulatedUsage, WireFormat } from './wire.ts';

const FINISH = { stop: 'STOP', length: 'MAX_TOKENS', refusal: 'SAFETY' } as const;

/** Generate-content, as Google's Gemini speaks it. The model stands in the path. */
export const geminiContent: WireFormat = {
  name: 'gemini-content',
  streamType: 'text/event-stream',
  read(body, path) {
    const said = listAt(body, 'contents').map((message) => contentOf(at(message, 'parts')));
    const [, model = '', method = ''] =
      /models\/([^:]+):(\w+)/.exec(decodeURIComponent(path)) ?? [];
    return {
      model,
      system: contentOf(at(body, 'systemInstruction', 'parts')).text,
      text: said.map(({ text }) => text).join('\n'),
      images: said.reduce((sum, { images }) => sum + images, 0),
      schema:
        objectAt(body, 'generationConfig', 'responseJsonSchema') ??
        objectAt(body, 'generationConfig', 'responseSchema'),
      isStream: method === 'streamGenerateContent',
    };
  },
  answer: (reply) => content(reply, reply.pieces.join(''), true),
  chunks: (reply) => [
    '',
    ...reply.pieces.map((piece) => sse(content(reply, piece, false))),
    sse(content(reply, '', true)),
  ],
  failure: (status) => ({
    error: {
      code: status,
      message: `simulated failure ${status}`,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'UNAVAILABLE',
    },
  }),
  models: (names) => ({
    models: names.map((name) => ({ name: `models/${name}`, displayName: name })),
  }),
};

function content(reply: SimulatedReply, text: string, isLast: boolean): object {
  const finish = isLast ? { finishReason: FINISH[reply.finish] } : {};
  const parts = text === '' && !isLast ? [] : [{ text }];
  return {
    candidates: [{ content: { role: 'model', parts }, index: 0, ...finish }],
    ...(isLast && reply.usage !== null ? { usageMetadata: usageOf(reply.usage) } : {}),
    modelVersion: reply.model,
    responseId: 'simulated',
  };
}

function usageOf({ input, cached, output }: SimulatedUsage): object {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output,
    totalTokenCount: input + output,
    // As in the real format, a zero is left out.
    ...(cached === 0 ? {} : { cachedContentTokenCount: cached }),
  };
}
