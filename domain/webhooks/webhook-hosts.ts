import { isLoopback, matchesHost } from '../providers/allowed-hosts.ts';

/** Hosts that webhooks may be on. */
export interface WebhookHostRules {
  /** `host`, `host:port`, `*.domain`, or `*` for every public host. */
  readonly hosts: readonly string[];
  /** Whether this machine itself may be called, as in local mode. */
  readonly loopback: boolean;
}

/**
 * Where the addresses that a host's name leads to may lie. `public`: on the internet only. `named`: the operator wrote this
 * very host down, so its own network too. `loopback`: on this machine only.
 */
export type HostReach = 'public' | 'named' | 'loopback';

/** What is to be thought of a URL: where its host may lead, or why it may not be called. */
export type HostVerdict =
  | { readonly ok: true; readonly reach: HostReach }
  | { readonly ok: false; readonly reason: 'not-listed' | 'not-https' };

/**
 * Makes the check that every webhook's URL passes when it is registered and before each delivery. The address that its
 * name leads to is another matter, which is looked at when it is called.
 *
 * Only this machine is called without TLS.
 */
export function webhookHosts(rules: WebhookHostRules): (url: URL) => HostVerdict {
  const listed = rules.hosts.map((host) => host.toLowerCase());
  const named = listed.filter((rule) => !rule.startsWith('*'));
  const open = listed.filter((rule) => rule.startsWith('*'));
  const reachOf = (url: URL): HostReach | undefined => {
    if (named.some((rule) => matchesHost(rule, url))) return 'named';
    if (isLoopback(url.hostname)) return rules.loopback ? 'loopback' : undefined;
    return open.some((rule) => rule === '*' || matchesHost(rule, url)) ? 'public' : undefined;
  };
  return (url) => {
    const reach = reachOf(url);
    if (reach === undefined) return { ok: false, reason: 'not-listed' };
    const isSafe = url.protocol === 'https:' || isLoopback(url.hostname);
    return isSafe ? { ok: true, reach } : { ok: false, reason: 'not-https' };
  };
}
