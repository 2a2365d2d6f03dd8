/** Parley's wire format from the provider's side, for the tests of the adapter. */
import type { SimulatedReply, WireFormat } from 'conclave/adapter-contract';

const WHY = { stop: 'done', length: 'long', refusal: 'no' } as const;

interface Said {
  readonly to: string;
  readonly rules: string;
  readonly lines: readonly { readonly text?: string; readonly picture?: string }[];
  readonly shape: Readonly<Record<string, unknown>> | null;
}

export const parleyWire: WireFormat = {
  name: 'parley',
  streamType: 'text/plain',
  read(body) {
    const { to, rules, lines, shape } = body as unknown as Said;
    return {
      model: to,
      system: rules,
      text: lines.flatMap(({ text }) => (text === undefined ? [] : [text])).join('\n'),
      images: lines.filter(({ picture }) => picture !== undefined).length,
      schema: shape,
      isStream: true,
    };
  },
  // Parley always streams, so this is never sent.
  answer: (reply) => ({ pieces: reply.pieces }),
  chunks: (reply) => [
    '',
    ...reply.pieces.map((piece) => `> ${JSON.stringify(piece)}\n`),
    end(reply),
  ],
  failure: (status) => ({ sorry: status }),
  models: (names) => names,
};

function end({ model, finish, usage }: SimulatedReply): string {
  const counts =
    usage === null ? {} : { read: usage.input, kept: usage.cached, wrote: usage.output };
  return `= ${JSON.stringify({ why: WHY[finish], who: model, ...counts })}\n`;
}
