import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

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

/** Where a request goes. */
export interface EgressTarget {
  readonly url: URL;
  /** Whether it goes to the upstream, with the key. */
  readonly isKeyed: boolean;
}

/** Headers that belong to one connection (RFC 9110, section 7.6.1). */
const hopHeaders: readonly string[] = [
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'proxy-authorization', 'proxy-authenticate', 'host'],
];

/** Headers in which programs show a key. */
const keyHeaders: readonly string[] = ['authorization', 'x-api-key', 'x-goog-api-key', 'api-key'];

/**
 * Finds where a request to the proxy goes.
 *
 * @param rules - where the program may go
 * @param asked - a path, or a whole URL, as the request's first line has it
 * @returns `undefined`: nowhere that is allowed
 */
export function targetOf(rules: EgressRules, asked: string): EgressTarget | undefined {
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
  return isAllowedHost(rules, hostAndPort(url)) ? { url, isKeyed: false } : undefined;
}

/** Whether a host is reached as it is, apart from the upstream. */
export function isAllowedHost({ hosts }: EgressRules, asked: string): boolean {
  return hosts.some((host) => host.toLowerCase() === asked.toLowerCase());
}

/** The upstream's own path stays in front, whatever dots the asked one has. */
function keyedTarget(upstream: string, path: string): EgressTarget | undefined {
  const base = upstream.replace(/\/$/, '');
  // To a URL, `/\` is `//`, and a host has to follow.
  if (!URL.canParse(path, 'http://proxy')) return undefined;
  const { pathname, search } = new URL(path, 'http://proxy');
  return { url: new URL(base + pathname + search), isKeyed: true };
}

/** Gives the headers with which a request goes on: the program's, and the key in place of every one that it shows. */
export function headersOnward(
  { upstream }: EgressRules,
  headers: IncomingHttpHeaders,
  { url, isKeyed }: EgressTarget,
): OutgoingHttpHeaders {
  const key = isKeyed ? (upstream?.key ?? null) : null;
  const shown = key === null ? [] : [...keyHeaders, key.header.toLowerCase()];
  return {
    ...without(headers, [...hopHeaders, ...shown]),
    host: url.host,
    ...(key === null ? {} : { [key.header]: key.value }),
  };
}

/** Gives the headers with which an answer goes back. */
export function headersBack(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return without(headers, hopHeaders);
}

function without(headers: IncomingHttpHeaders, dropped: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.includes(name)));
}

/** Says to a program, and to whoever mends it, why it does not get somewhere. */
export function refusal(host: string): string {
  return `${host} is not among the hosts that this program may reach; a person can grant it in the agent's network.hosts`;
}

/** Gives the host of a request that names one; `undefined` where it asks the proxy itself. */
export function hostAsked(asked: string): string | undefined {
  const url = absoluteUrl(asked);
  return url === undefined ? undefined : hostAndPort(url);
}

/** Names where a URL leads, with the port that its scheme means. */
export function hostAndPort(url: URL): string {
  const usual = url.protocol === 'https:' ? '443' : '80';
  return `${url.hostname}:${url.port === '' ? usual : url.port}`;
}

function absoluteUrl(text: string): URL | undefined {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}
