import { createServer, request as httpRequest } from 'node:http';
import type {
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server,
  ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

import type { HostTraffic } from '../../domain/commands/command-trace.ts';

/** Where the program behind a proxy may go. */
export interface EgressRules {
  /** `host:port`, any case; reached as they are, by `CONNECT` or plain HTTP. */
  readonly hosts: readonly string[];
  /** Where requests to the proxy itself go; `null`: nowhere. */
  readonly upstream: {
    readonly url: string;
    /** Header that carries the key, and its whole value; `null` where none is needed. */
    readonly key: { readonly header: string; readonly value: string } | null;
  } | null;
}

/** A proxy that runs. */
export interface EgressProxy {
  /** The port it listens on; `null` for a socket in the file system. */
  readonly port: number | null;
  /** What went to which host so far, refused ones too. */
  traffic(): readonly HostTraffic[];
  /** Ends it with all its connections. A second call does nothing. */
  close(): Promise<void>;
}

/** Connections at a time; a program that opens more finds them closed. */
const connectionsMax = 128;

/** Hosts whose traffic is counted apart; the rest is counted together. */
const countedHostsMax = 64;
const otherHosts = 'others';

/** Lower ones come before an answer, and are none. */
const finalStatusMin = 200;

/** Headers that belong to one connection (RFC 9110, section 7.6.1), and those in which a program shows a key. */
const hopHeaders = [
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
  ...['proxy-authorization', 'proxy-authenticate', 'host'],
];
const keyHeaders = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'];

/**
 * Starts the only way out that a program has: an HTTP proxy with a list of hosts. Requests that name the proxy itself, or the
 * upstream's host by plain HTTP, go to the upstream with the key, which the program never sees. All else is refused with
 * 403 and a reason. Redirects are handed on, not followed; a program that follows one comes by here again.
 *
 * @param rules - where to
 * @param listen - path of a socket in the file system, or `null` for a free port of this machine
 * @throws Error where it cannot listen there
 */
export async function startEgressProxy(
  rules: EgressRules,
  listen: string | null,
): Promise<EgressProxy> {
  const traffic = new Map<string, Mutable<HostTraffic>>();
  const house: House = { rules, hosts: new Set(rules.hosts.map(lower)), count: counter(traffic) };
  const server = createServer((request, response) => {
    answer(house, request, response);
  });
  const open = new Set<Duplex>();
  server.maxConnections = connectionsMax;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    tunnel(house, request, { client, head, open });
  });
  server.on('clientError', (_error, socket) => {
    socket.destroy();
  });
  await listening(server, listen);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : null,
    traffic: () => [...traffic.values()].map((each) => ({ ...each })),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

interface House {
  readonly rules: EgressRules;
  readonly hosts: ReadonlySet<string>;
  /** Counts a request to a host, and gives what its bytes are added to. */
  readonly count: (host: string, isAllowed: boolean) => Mutable<HostTraffic>;
}

/** Where a request goes. */
interface Target {
  readonly url: URL;
  readonly isKeyed: boolean;
}

function answer(house: House, request: IncomingMessage, response: ServerResponse): void {
  const target = targetOf(house, request.url ?? '');
  if (target === undefined) {
    refuse(house, request, response);
    return;
  }
  const { url } = target;
  const entry = house.count(hostAndPort(url), true);
  let onward: ClientRequest;
  try {
    onward = sendOn(house, request, target);
  } catch (error) {
    request.resume();
    // For instance a key with a line break. What it says may hold the key.
    const { code } = error as NodeJS.ErrnoException;
    say(response, 502, `${hostAndPort(url)} cannot be asked (${code ?? 'unknown'})`);
    return;
  }
  onward.on('response', (came) => {
    handBack(response, came, { host: hostAndPort(url), entry });
  });
  request.on('data', (chunk: Buffer) => {
    entry.sentBytes += chunk.length;
  });
  onward.on('error', (error: NodeJS.ErrnoException) => {
    if (response.headersSent) response.destroy();
    else say(response, 502, `${hostAndPort(url)} cannot be reached (${error.code ?? error.name})`);
  });
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function sendOn(house: House, request: IncomingMessage, target: Target): ClientRequest {
  const { url } = target;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = headersFor(house, request, target);
  return send(url, { method: request.method, headers, agent: false });
}

function handBack(
  response: ServerResponse,
  came: IncomingMessage,
  { host, entry }: { readonly host: string; readonly entry: Mutable<HostTraffic> },
): void {
  const { statusCode = 0 } = came;
  // The parser takes any three digits, and writing some of them throws.
  if (statusCode < finalStatusMin) {
    came.resume();
    say(response, 502, `${host} answers with an impossible status`);
    return;
  }
  const kept = Object.entries(came.headers).filter(([name]) => !hopHeaders.includes(name));
  response.writeHead(statusCode, Object.fromEntries(kept));
  came.on('data', (chunk: Buffer) => {
    entry.receivedBytes += chunk.length;
  });
  came.on('error', () => response.destroy());
  came.pipe(response);
}

function refuse(house: House, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const url = absoluteUrl(request.url ?? '');
  const host = url === undefined ? 'the proxy itself' : hostAndPort(url);
  if (url !== undefined) house.count(host, false);
  say(response, 403, refusal(host));
}

function refusal(host: string): string {
  return `${host} is not among the hosts that this program may reach; a person can grant it in the agent's network.hosts`;
}

/** `undefined`: nowhere that is allowed. */
function targetOf({ rules, hosts }: House, asked: string): Target | undefined {
  const { upstream } = rules;
  const url = absoluteUrl(asked);
  if (url === undefined) {
    const isPath = asked.startsWith('/') && !asked.startsWith('//');
    return upstream === null || !isPath ? undefined : keyedTarget(upstream.url, asked);
  }
  if (url.username !== '' || url.password !== '' || url.protocol !== 'http:') return undefined;
  if (upstream !== null && new URL(upstream.url).hostname === url.hostname && url.port === '') {
    return keyedTarget(upstream.url, url.pathname + url.search);
  }
  return hosts.has(hostAndPort(url)) ? { url, isKeyed: false } : undefined;
}

/** The upstream's own path stays in front, whatever dots the asked one has. */
function keyedTarget(upstream: string, path: string): Target | undefined {
  const base = upstream.replace(/\/$/, '');
  // To a URL, `/\` is `//`, and a host has to follow.
  if (!URL.canParse(path, 'http://proxy')) return undefined;
  const { pathname, search } = new URL(path, 'http://proxy');
  return { url: new URL(base + pathname + search), isKeyed: true };
}

function headersFor(
  { rules }: House,
  request: IncomingMessage,
  target: Target,
): OutgoingHttpHeaders {
  const key = target.isKeyed ? (rules.upstream?.key ?? null) : null;
  const dropped = key === null ? hopHeaders : [...hopHeaders, ...keyHeaders, lower(key.header)];
  const kept = Object.entries(request.headers).filter(([name]) => !dropped.includes(name));
  return {
    ...Object.fromEntries(kept),
    host: target.url.host,
    ...(key === null ? {} : { [key.header]: key.value }),
  };
}

function tunnel(
  house: House,
  request: IncomingMessage,
  ends: { readonly client: Duplex; readonly head: Buffer; readonly open: Set<Duplex> },
): void {
  const { client, head, open } = ends;
  const host = lower(request.url ?? '');
  client.on('error', () => client.destroy());
  const isAllowed = house.hosts.has(host);
  const entry = house.count(host, isAllowed);
  if (!isAllowed) {
    const text = `${refusal(host)}\n`;
    const length = String(Buffer.byteLength(text));
    client.end(
      `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${text}`,
    );
    return;
  }
  const url = new URL(`http://${host}`);
  const port = Number(host.slice(host.lastIndexOf(':') + 1));
  const far = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port });
  open.add(far);
  far.on('connect', () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    far.write(head);
    entry.sentBytes += head.length;
    // Counting earlier would let what comes before the tunnel is there run into nothing.
    client.on('data', (chunk: Buffer) => {
      entry.sentBytes += chunk.length;
    });
    client.pipe(far).pipe(client);
  });
  far.on('data', (chunk: Buffer) => {
    entry.receivedBytes += chunk.length;
  });
  far.on('error', () => client.destroy());
  client.on('close', () => far.destroy());
  far.on('close', () => {
    open.delete(far);
    client.destroy();
  });
}

function counter(traffic: Map<string, Mutable<HostTraffic>>): House['count'] {
  return (asked, isAllowed) => {
    const known = isAllowed || traffic.has(asked) || traffic.size < countedHostsMax;
    const host = known ? asked.slice(0, 300) : otherHosts;
    const entry = traffic.get(host) ?? {
      ...{ host, isAllowed, requests: 0 },
      ...{ sentBytes: 0, receivedBytes: 0 },
    };
    entry.requests += 1;
    traffic.set(host, entry);
    return entry;
  };
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function absoluteUrl(text: string): URL | undefined {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

/** Names where a URL leads, with the port that its scheme means. */
export function hostAndPort(url: URL): string {
  const usual = url.protocol === 'https:' ? '443' : '80';
  return `${url.hostname}:${url.port === '' ? usual : url.port}`;
}

function lower(text: string): string {
  return text.toLowerCase();
}

async function listening(server: Server, socket: string | null): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const listened = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (socket === null) server.listen(0, '127.0.0.1', listened);
    // The program runs as another user than the proxy.
    else server.listen({ path: socket, writableAll: true, readableAll: true }, listened);
  });
}
