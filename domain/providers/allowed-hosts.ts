import { knownProviders } from './known-providers.ts';

/** Hosts that model calls may go to. */
export interface HostRules {
  /** `host`, `host:port` or `*.domain`; each allows both HTTP and HTTPS. */
  readonly hosts: readonly string[];
  /** Whether this machine itself may be called, as in local mode. */
  readonly loopback: boolean;
}

const knownHosts: readonly string[] = Object.values(knownProviders).flatMap(({ baseUrl }) =>
  baseUrl?.startsWith('https:') === true ? [new URL(baseUrl).hostname] : [],
);

/**
 * Makes the check that every model call passes before it goes out.
 *
 * The known providers' own hosts are allowed over HTTPS on its usual port. A host without a port
 * allows every port. Addresses with credentials in them never pass.
 */
export function allowedHosts(rules: HostRules): (url: URL) => boolean {
  const listed = rules.hosts.map((host) => host.toLowerCase());
  return (url) => {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
    if (url.username !== '' || url.password !== '') return false;
    if (rules.loopback && isLoopback(url.hostname)) return true;
    if (isKnown(url)) return true;
    return listed.some((rule) => matchesHost(rule, url));
  };
}

/** Whether a host name means this machine. Other names that resolve to it do not count. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function isKnown(url: URL): boolean {
  return url.protocol === 'https:' && url.port === '' && knownHosts.includes(url.hostname);
}

/**
 * Whether a rule covers the host of a URL.
 *
 * @param rule - `host`, `host:port` or `*.domain`, in lower case
 * @param url - of HTTP or HTTPS
 */
export function matchesHost(rule: string, url: URL): boolean {
  if (rule.startsWith('*.')) return url.hostname.endsWith(rule.slice(1));
  return rule === url.hostname || rule === `${url.hostname}:${portOf(url)}`;
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}
