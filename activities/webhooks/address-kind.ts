import { BlockList, isIP } from 'node:net';

import type { HostReach } from '../../domain/webhooks/webhook-hosts.ts';

/** Where an address lies. `special`: of the link or the machine's maker (metadata), of no one, of everyone, or unknown. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'special';

// Source: IANA's registries of special-purpose addresses (RFC 6890), and where clouds keep their metadata.
const loopback = blocks(['127.0.0.0/8', '::1/128']);
const special = blocks([
  ...['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['100.100.100.200/32', '168.63.129.16/32', 'fd00:ec2::/32'],
  ...['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
]);
const inner = blocks([
  ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
]);
/** All that is given out of IPv6; what is outside of it and not above is special too: link-local, multicast, IPv4 in IPv6 … */
const globalSix = blocks(['2000::/3']);

/**
 * Says where an address lies.
 *
 * @param address - IPv4 or IPv6, as resolvers and sockets write it
 */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  const family = version === 6 ? 'ipv6' : 'ipv4';
  // These lists know `::ffff:127.0.0.1` and `::ffff:7f00:1` for 127.0.0.1.
  if (version === 0 || special.check(address, family)) return 'special';
  if (loopback.check(address, family)) return 'loopback';
  if (inner.check(address, family)) return 'private';
  return version === 4 || globalSix.check(address, family) ? 'public' : 'special';
}

/**
 * Whether a host of this reach may be called at this address.
 *
 * @param address - where its name leads to
 * @param host - of the URL
 * @param host.reach - how far its name may lead
 * @param host.isAddress - whether the URL has the address itself instead of a name: then the operator meant just this one
 */
export function mayCall(
  address: string,
  { reach, isAddress }: { readonly reach: HostReach; readonly isAddress: boolean },
): boolean {
  const kind = addressKind(address);
  if (reach === 'loopback') return kind === 'loopback';
  if (reach === 'public') return kind === 'public';
  return kind !== 'special' || isAddress;
}

function blocks(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/');
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
