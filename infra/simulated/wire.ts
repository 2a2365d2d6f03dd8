/** A call as every wire format says it in its own way. */
export interface SimulatedCall {
  readonly model: string;
  readonly system: string;
  /** All text that is not the system's, in order. */
  readonly text: string;
  readonly images: number;
  /** JSON schema that the reply must follow; `null` where none was given. */
  readonly schema: Readonly<Record<string, unknown>> | null;
  readonly isStream: boolean;
}

/** Tokens as the panel counts them; `input` includes `cached`. */
export interface SimulatedUsage {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** A reply before it is put into a wire format. */
export interface SimulatedReply {
  readonly model: string;
  /** The reply in the pieces in which it streams. */
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length' | 'refusal';
  /** `null` where the provider says nothing about it. */
  readonly usage: SimulatedUsage | null;
}

/** The body of a request, as parsed from JSON. */
export type Body = Readonly<Record<string, unknown>>;

/** One provider's way of putting calls and replies. */
export interface WireFormat {
  readonly name: string;
  readonly streamType: string;
  /** Reads a call; `path` is what follows the format's own root. */
  read(body: Body, path: string): SimulatedCall;
  /** The whole reply as one JSON answer. */
  answer(reply: SimulatedReply): unknown;
  /** The reply as chunks of a stream; the first is what comes before any text, the last ends it. */
  chunks(reply: SimulatedReply): readonly string[];
  /** The body of a failure. */
  failure(status: number): unknown;
  /** The models it offers, as its list of models says it. */
  models(names: readonly string[]): unknown;
}

/** Writes one server-sent event. */
export function sse(data: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** Reads a field of anything; undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Readonly<Record<string | number, unknown>>)[name]
        : undefined,
    value,
  );
}

/** Reads a field that is a list; an empty one where it is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** Reads a field that is a text; an empty one where it is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** Reads a field that is an object; `null` where it is none. */
export function objectAt(
  value: unknown,
  ...path: readonly (string | number)[]
): Readonly<Record<string, unknown>> | null {
  const found = at(value, ...path);
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Readonly<Record<string, unknown>>)
    : null;
}

/** Text and images of a message's content, which is a text or a list of parts. */
export function contentOf(content: unknown): { readonly text: string; readonly images: number } {
  if (typeof content === 'string') return { text: content, images: 0 };
  const parts = Array.isArray(content) ? content : [];
  const texts = parts.map((part: unknown) => textAt(part, 'text'));
  return {
    text: texts.filter((text) => text !== '').join('\n'),
    images: parts.filter((part: unknown) => isImage(part)).length,
  };
}

function isImage(part: unknown): boolean {
  return textAt(part, 'type').includes('image') || at(part, 'inlineData') !== undefined;
}
