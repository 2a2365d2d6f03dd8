import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';

/** Finds the addresses of a name. */
export type NameFinder = (hostname: string) => Promise<readonly LookupAddress[]>;

/** How long a name server is waited for, milliseconds, and how often it is asked. */
const patience = { timeout: 2000, tries: 2 };

/**
 * Makes what finds the addresses of names of the internet. It asks name servers itself: the machine's own resolver takes one
 * of few threads, shared with files and model calls, for as long as a name server that a stranger chose does not answer.
 *
 * @param servers - name servers, `address:port`; those of the machine unless given
 */
export function createPublicNames(servers?: readonly string[]): NameFinder {
  const resolver = new Resolver(patience);
  if (servers !== undefined) resolver.setServers(servers);
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason;
    return [...addressesIn(four, 4), ...addressesIn(six, 6)];
  };
}

function addressesIn(found: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  if (found.status === 'rejected') return [];
  return found.value.map((address) => ({ address, family }));
}
