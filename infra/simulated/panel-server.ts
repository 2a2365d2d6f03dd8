import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { anthropicMessages } from './anthropic-messages.ts';
import { behaviourOf } from './behaviour.ts';
import type { Behaviour } from './behaviour.ts';
import { createCallLog } from './call-log.ts';
import type { CallEntry, CallLog } from './call-log.ts';
import { geminiContent } from './gemini-content.ts';
import { ollamaChat } from './ollama-chat.ts';
import { mistralChat, openaiChat } from './openai-chat.ts';
import { openaiResponses } from './openai-responses.ts';
import { createPrefixCache } from './prefix-cache.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { replyTo } from './replying.ts';
import { temperaments } from './temperament.ts';
import type { Body, SimulatedReply, WireFormat } from './wire.ts';

/** How the panel is run. */
export interface PanelSettings {
  /** Time from the end of a request to the end of its reply, milliseconds. */
  readonly latencyMs: number;
  readonly version: string;
  /** Wire formats beside the providers' own. */
  readonly formats?: readonly ServedFormat[];
}

/** A wire format, and the root of the paths under which it is served. */
export interface ServedFormat {
  readonly root: string;
  readonly format: WireFormat;
}

/** Largest request that is read, bytes: materials of 10 MB as text and images. */
const REQUEST_BYTES_MAX = 64_000_000;

/** From this latency on a reply streams piece by piece instead of all at its end. */
const PIECEWISE_FROM_MS = 200;

/** What a rate-limited caller is told to wait, milliseconds. */
const RETRY_AFTER_MS = 100;

/** The formats by the roots under which they are served. */
const ROUTES: readonly ServedFormat[] = [
  { root: '/openai/v1/responses', format: openaiResponses },
  { root: '/openai/v1/chat/completions', format: openaiChat },
  { root: '/mistral/v1/chat/completions', format: mistralChat },
  { root: '/anthropic/v1/messages', format: anthropicMessages },
  { root: '/google/v1beta/models/', format: geminiContent },
  { root: '/ollama/api/chat', format: ollamaChat },
];

const MODEL_LISTS: Readonly<Record<string, WireFormat | undefined>> = {
  '/openai/v1/models': openaiChat,
  '/mistral/v1/models': openaiChat,
  '/anthropic/v1/models': anthropicMessages,
  '/google/v1beta/models': geminiContent,
  '/ollama/api/tags': ollamaChat,
};

/**
 * Makes the panel of simulated agents: providers' wire formats over HTTP, answered by deterministic made-up minds.
 *
 * Beside them: `GET /healthz`, `GET /_calls` (what was asked how often) and `DELETE /_calls` (forget it).
 */
export function createPanelServer(settings: PanelSettings): Server {
  const log = createCallLog();
  const cache = createPrefixCache();
  const routes = [...ROUTES, ...(settings.formats ?? [])];
  return createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const route = routes.find(({ root }) => path.startsWith(root));
    if (request.method === 'POST' && route !== undefined) {
      void readBody(request).then((body) => {
        const exchange = { request, response, format: route.format };
        if (body === undefined || !answerCall(exchange, { body, path, log, cache, settings })) {
          sendJson(response, 400, route.format.failure(400));
        }
      });
      return;
    }
    request.resume();
    answerRest(request, response, { path, log, version: settings.version });
  });
}

/** Answers a call; false, and nothing said, for one that cannot be understood. */
function answerCall(
  {
    request,
    response,
    format,
  }: { request: IncomingMessage } & Pick<Exchange, 'response' | 'format'>,
  about: {
    body: Body;
    path: string;
    log: CallLog;
    cache: PrefixCache;
    settings: PanelSettings;
  },
): boolean {
  const { body, path, log, cache, settings } = about;
  try {
    const call = format.read(body, path);
    const behaviour = behaviourOf(call.model);
    const reply = replyTo(call, behaviour, cache);
    const turn = request.headers['x-conclave-turn'];
    const entry = log.begin(call, typeof turn === 'string' ? turn : null);
    response.on('close', () => {
      entry.end(response.writableFinished ? 'completed' : 'aborted');
    });
    perform(
      { response, format, reply, isStream: call.isStream },
      behaviour,
      entry,
      settings.latencyMs,
    );
    return true;
  } catch {
    // A path that is not encoded, or a schema over which a behaviour cannot be laid: the caller's fault, not ours.
    return false;
  }
}

interface Exchange {
  readonly response: ServerResponse;
  readonly format: WireFormat;
  readonly reply: SimulatedReply;
  readonly isStream: boolean;
}

function perform(
  exchange: Exchange,
  behaviour: Behaviour,
  entry: CallEntry,
  latencyMs: number,
): void {
  const { response, format } = exchange;
  if (behaviour.kind === 'status' && (entry.isFirst || !behaviour.isOnce)) {
    entry.end('failed');
    // The exact wait for those who read it, the standard's whole seconds for the others.
    response.setHeader('retry-after-ms', String(RETRY_AFTER_MS));
    response.setHeader('retry-after', '1');
    sendJson(response, behaviour.status, format.failure(behaviour.status));
    return;
  }
  if (behaviour.kind === 'broken') {
    breakOff(exchange, behaviour.how);
    return;
  }
  const waitMs = behaviour.kind === 'slow' ? behaviour.latencyMs : latencyMs;
  if (exchange.isStream) {
    streamReply(exchange, waitMs);
    return;
  }
  const body = format.answer(exchange.reply);
  after(response, waitMs, () => {
    sendJson(response, 200, body);
  });
}

function streamReply({ response, format, reply }: Exchange, waitMs: number): void {
  const chunks = format.chunks(reply);
  response.setHeader('content-type', format.streamType);
  if (waitMs < PIECEWISE_FROM_MS) {
    after(response, waitMs, () => response.end(chunks.join('')));
    return;
  }
  chunks.forEach((chunk, index) => {
    const isLast = index === chunks.length - 1;
    after(response, (waitMs * index) / (chunks.length - 1), () => {
      if (isLast) response.end(chunk);
      else if (chunk !== '') response.write(chunk);
    });
  });
}

function breakOff(
  { response, format, reply }: Exchange,
  how: 'hang' | 'stall' | 'disconnect' | 'garbage',
): void {
  if (how === 'hang') return;
  response.setHeader('content-type', format.streamType);
  if (how === 'garbage') {
    response.end('data: {"this is": not what was agreed\n\n{{{\n');
    return;
  }
  response.write(format.chunks(reply).slice(0, -2).join(''));
  if (how === 'disconnect') setTimeout(() => response.destroy(), 10);
}

function after(response: ServerResponse, waitMs: number, act: () => void): void {
  const timer = setTimeout(act, waitMs);
  response.on('close', () => {
    clearTimeout(timer);
  });
}

function answerRest(
  request: IncomingMessage,
  response: ServerResponse,
  { path, log, version }: { path: string; log: CallLog; version: string },
): void {
  const list = MODEL_LISTS[path];
  if (list !== undefined) sendJson(response, 200, list.models(Object.keys(temperaments)));
  else if (path === '/healthz') sendJson(response, 200, { status: 'ok', version });
  else if (path === '/_calls' && request.method === 'DELETE') {
    log.clear();
    sendJson(response, 200, {});
  } else if (path === '/_calls') sendJson(response, 200, { calls: log.counts() });
  else sendJson(response, 404, { error: { message: `no such path: ${path}` } });
}

async function readBody(request: IncomingMessage): Promise<Body | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > REQUEST_BYTES_MAX) return undefined;
      chunks.push(chunk);
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof body === 'object' && body !== null ? (body as Body) : undefined;
  } catch {
    // A body that broke off or is no JSON: the caller gets a 400.
    return undefined;
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
