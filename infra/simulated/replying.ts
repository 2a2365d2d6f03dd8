import type { Behaviour } from './behaviour.ts';
import { simulatedMark } from './mind.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { readPrompt, schemaInPrompt } from './prompt-reading.ts';
import { fillSchema } from './schema-filling.ts';
import type { SimulatedCall, SimulatedReply } from './wire.ts';

/** Pieces in which a reply streams. */
const PIECES = 4;
const BYTES_PER_TOKEN = 4;

/** Makes the reply of a call: what the agent thinks, or what its behaviour makes of it. */
export function replyTo(
  call: SimulatedCall,
  behaviour: Behaviour,
  cache: PrefixCache,
): SimulatedReply {
  const schema = call.schema ?? schemaInPrompt(call.text);
  const reading = readPrompt(call.text);
  const value =
    schema === null
      ? `${simulatedMark} ${call.model} has read ${call.text.length} characters and ${call.images} images.`
      : fillSchema(schema, call.model, reading);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isBad = behaviour.kind === 'bad-reply' && !(behaviour.isOnce && reading.isRepair);
  const said = isBad ? spoiled(text, behaviour.fault) : { text, finish: 'stop' as const };
  return {
    model: call.model,
    pieces: piecesOf(said.text),
    finish: said.finish,
    usage: behaviour.kind === 'no-usage' ? null : usageOf(call, schema, said.text, cache),
  };
}

function spoiled(
  text: string,
  fault: Extract<Behaviour, { kind: 'bad-reply' }>['fault'],
): Pick<SimulatedReply, 'finish'> & { readonly text: string } {
  switch (fault) {
    case 'prose':
      return { text: `${simulatedMark} Well, it depends on many things.`, finish: 'stop' };
    case 'huge-confidence':
      return { text: replacedField(text, 'confidence', 305_289_716), finish: 'stop' };
    case 'invented-answer':
      return { text: replacedField(text, 'answer', 'None of these at all'), finish: 'stop' };
    case 'empty':
      return { text: '', finish: 'stop' };
    case 'half-json':
      return { text: text.slice(0, Math.floor(text.length / 2)), finish: 'stop' };
    case 'cutoff':
      return { text: text.slice(0, Math.floor(text.length / 2)), finish: 'length' };
    case 'refusal':
      return { text: `${simulatedMark} I cannot help with that.`, finish: 'refusal' };
  }
}

function replacedField(text: string, field: string, value: unknown): string {
  return JSON.stringify({ ...(JSON.parse(text) as object), [field]: value });
}

function piecesOf(text: string): readonly string[] {
  if (text === '') return [];
  const characters = Math.ceil(text.length / PIECES);
  return text.match(new RegExp(`[^]{1,${characters}}`, 'gu')) ?? [];
}

function usageOf(
  call: SimulatedCall,
  schema: Readonly<Record<string, unknown>> | null,
  text: string,
  cache: PrefixCache,
): SimulatedReply['usage'] {
  const prompt = `${JSON.stringify(call.schema === null ? null : schema)}\n${call.system}\n${call.text}`;
  return {
    input: tokensOf(prompt),
    cached: Math.floor(cache.seen(call.model, prompt) / BYTES_PER_TOKEN),
    output: tokensOf(text),
  };
}

/** The panel's own count: four bytes to a token, as estimates have it. */
function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}
