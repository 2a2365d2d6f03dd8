/**
 * A server of chat completions that costs next to nothing: it answers any schema of a position 50 ms after
 * the end of the request. A process of its own, so that its processor time is counted apart.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const latencyMs = Number(process.argv[2] ?? '50');

const rationale =
  'One deployable unit keeps a small team on the question whether anybody wants the product at all, ' +
  'and what was learnt about the borders in the meantime makes a later split cheaper and better.';
const usage = { prompt_tokens: 1200, completion_tokens: 120, total_tokens: 1320 };

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface CallBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly response_format?: { readonly json_schema?: { readonly schema?: Schema } };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as CallBody;
    setTimeout(answer, latencyMs, response, body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
process.once('disconnect', () => {
  server.close();
  server.closeAllConnections();
});

function answer(response: ServerResponse, body: CallBody): void {
  const content = JSON.stringify(filled(body.response_format?.json_schema?.schema ?? {}, ''));
  const head = { id: 'bench', created: 1_790_000_000, model: body.model };
  if (body.stream !== true) {
    const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices: [choice], usage }));
    return;
  }
  const chunk = (fields: object): string =>
    `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...fields })}\n\n`;
  response.setHeader('content-type', 'text/event-stream');
  response.end(
    chunk({ choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] }) +
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
      chunk({ choices: [], usage }) +
      'data: [DONE]\n\n',
  );
}

/** Everybody takes the first option and is sure of it; texts have the length that models give them. */
function filled(schema: Schema, name: string): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  switch (typeOf(schema)) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, value]) => [key, filled(value, key)]),
      );
    case 'array':
      return name === 'evidence' ? ['Four people and no operations staff.'] : [];
    case 'number':
    case 'integer':
      return 0.8;
    case 'boolean':
      return false;
    default:
      return name === 'citing' ? 'none' : rationale;
  }
}

function typeOf({ type }: Schema): string {
  if (typeof type === 'object') return type[0] ?? 'string';
  return type ?? 'string';
}
