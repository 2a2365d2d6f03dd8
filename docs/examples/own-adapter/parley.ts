/**
 * An adapter in whole, for a made-up provider. Its wire format: `POST <base>/say` with a JSON body; the answer is lines of
 * text, each piece of the reply as a JSON string behind `> `, and at last a JSON object behind `= ` that says how it ended.
 */
import type {
  Adapter,
  AdapterCall,
  AdapterReply,
  AdapterRequest,
  FinishReason,
  PromptPart,
} from 'conclave/adapter';

export const adapter: Adapter = {
  contract: 1,
  name: 'parley',
  version: '1.0.0',
  baseUrl: null,
  capabilities: {
    streaming: true,
    structuredOutput: true,
    vision: true,
    systemPrompt: true,
    promptCaching: true,
  },
  async ask(request, call) {
    const response = await call.fetch(`${call.baseUrl}/say`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(call.apiKey === null ? {} : { 'x-parley-key': call.apiKey }),
      },
      body: JSON.stringify(bodyOf(request)),
    });
    // Status and Retry-After say all that has to be known.
    if (!response.ok || response.body === null) throw call.fail(response);
    return await readReply(response.body, call);
  },
};

function bodyOf({ model, system, parts, schema, maxOutputTokens }: AdapterRequest): object {
  return {
    to: model,
    rules: system,
    lines: parts.map(lineOf),
    shape: schema?.jsonSchema ?? null,
    tokens: maxOutputTokens,
  };
}

function lineOf(part: PromptPart): object {
  return part.kind === 'text'
    ? { text: part.text }
    : { picture: part.base64, type: part.mediaType };
}

async function readReply(
  body: ReadableStream<Uint8Array>,
  call: AdapterCall,
): Promise<AdapterReply> {
  let text = '';
  for await (const line of linesOf(body)) {
    if (line.startsWith('> ')) {
      const piece = parsed(line, call);
      if (typeof piece !== 'string') throw call.fail({ code: 'malformed' });
      text += piece;
      call.onText(piece);
    } else if (line.startsWith('= ')) {
      return endedBy(parsed(line, call), text, call);
    } else {
      throw call.fail({ code: 'malformed' });
    }
  }
  // No last line: the connection was lost before the reply was whole.
  throw call.fail({ code: 'unreachable' });
}

const FINISHES: Readonly<Record<string, FinishReason>> = {
  done: 'stop',
  long: 'length',
  no: 'refusal',
};

function endedBy(end: unknown, text: string, call: AdapterCall): AdapterReply {
  if (typeof end !== 'object' || end === null) throw call.fail({ code: 'malformed' });
  const { why, who, read, kept, wrote } = end as Record<string, unknown>;
  return {
    text,
    finish: FINISHES[String(why)] ?? 'other',
    // What Parley did not count stays unknown; it is never made 0.
    usage: { inputTokens: count(read), cachedTokens: count(kept), outputTokens: count(wrote) },
    ...(typeof who === 'string' ? { model: who } : {}),
  };
}

function count(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function parsed(line: string, call: AdapterCall): unknown {
  try {
    return JSON.parse(line.slice(2));
  } catch {
    throw call.fail({ code: 'malformed' });
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
