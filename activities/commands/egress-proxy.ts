import { createServer, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

import type { HostTraffic } from '../../domain/commands/command-trace.ts';
import {
  headersBack,
  headersOnward,
  hostAndPort,
  hostAsked,
  refusal,
  targetOf,
  type EgressRules,
  type EgressTarget,
} from './egress-rules.ts';
import { countTraffic, type CountedTraffic, type TrafficCount } from './egress-traffic.ts';
import { openTunnel } from './egress-tunnel.ts';

/** A proxy that runs. */
export interface EgressProxy {
  /** What went to which host so far, refused ones too. */
  traffic(): readonly HostTraffic[];
  /** Ends it with all its connections. A second call does nothing. */
  close(): Promise<void>;
}

/** Connections at a time; a program that opens more finds them closed. */
const connectionsMax = 128;

/** Lower ones come before an answer, and are none. */
const finalStatusMin = 200;

/**
 * Starts the only way out that a program has: an HTTP proxy with a list of hosts. Requests that name the proxy itself, or the
 * upstream's host by plain HTTP, go to the upstream with the key, which the program never sees. All else is refused with
 * 403 and a reason. Redirects are handed on, not followed; a program that follows one comes by here again.
 *
 * @param rules - where to
 * @param socket - path in the file system at which it listens
 * @throws Error where it cannot listen there
 */
export async function startEgressProxy(rules: EgressRules, socket: string): Promise<EgressProxy> {
  const traffic = countTraffic();
  const house = { rules, traffic };
  const server = createServer((request, response) => {
    answer(house, request, response);
  });
  const open = new Set<Duplex>();
  const keep = (end: Duplex): void => {
    open.add(end);
    end.on('close', () => open.delete(end));
  };
  server.maxConnections = connectionsMax;
  server.on('connection', keep);
  server.on('connect', ({ url: asked = '' }: IncomingMessage, client: Duplex, head: Buffer) => {
    const far = openTunnel(house, { asked, client, head });
    if (far !== undefined) keep(far);
  });
  server.on('clientError', (_error, client) => {
    client.destroy();
  });
  await listening(server, socket);
  return {
    traffic: () => traffic.told(),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const end of open) end.destroy();
      await closed;
    },
  };
}

interface House {
  readonly rules: EgressRules;
  readonly traffic: TrafficCount;
}

function answer(house: House, request: IncomingMessage, response: ServerResponse): void {
  const target = targetOf(house.rules, request.url ?? '');
  if (target === undefined) {
    refuse(house, request, response);
    return;
  }
  const host = hostAndPort(target.url);
  const entry = house.traffic.count(host, true);
  let onward: ClientRequest;
  try {
    onward = sendOn(house, request, target);
  } catch (error) {
    request.resume();
    // For instance a key with a line break. What it says may hold the key.
    const { code } = error as NodeJS.ErrnoException;
    say(response, 502, `${host} cannot be asked (${code ?? 'unknown'})`);
    return;
  }
  onward.on('response', (came) => {
    handBack(response, came, { host, entry });
  });
  request.on('data', (chunk: Buffer) => {
    entry.sentBytes += chunk.length;
  });
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else say(response, 502, `${host} cannot be reached (${error.code ?? error.name})`);
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function sendOn({ rules }: House, request: IncomingMessage, target: EgressTarget): ClientRequest {
  const send = target.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = headersOnward(rules, request.headers, target);
  return send(target.url, { method: request.method, headers, agent: false });
}

function handBack(
  response: ServerResponse,
  came: IncomingMessage,
  { host, entry }: { readonly host: string; readonly entry: CountedTraffic },
): void {
  const { statusCode = 0 } = came;
  // The parser takes any three digits, and writing some of them throws.
  if (statusCode < finalStatusMin) {
    came.resume();
    say(response, 502, `${host} answers with an impossible status`);
    return;
  }
  response.writeHead(statusCode, headersBack(came.headers));
  came.on('data', (chunk: Buffer) => {
    entry.receivedBytes += chunk.length;
  });
  came.on('error', () => response.destroy());
  came.pipe(response);
}

function refuse({ traffic }: House, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const host = hostAsked(request.url ?? '');
  if (host !== undefined) traffic.count(host, false);
  say(response, 403, refusal(host ?? 'the proxy itself'));
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

async function listening(server: Server, socket: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The program runs as another user than the proxy.
    server.listen({ path: socket, writableAll: true, readableAll: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
