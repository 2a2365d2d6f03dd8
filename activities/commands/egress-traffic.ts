import type { HostTraffic } from '../../domain/commands/command-trace.ts';

/** What went to one host; its bytes are added as they pass. */
export type CountedTraffic = { -readonly [Name in keyof HostTraffic]: HostTraffic[Name] };

/** Counts what a program asks of which host. */
export interface TrafficCount {
  /** Counts a request, and gives what its bytes are added to. */
  count(host: string, isAllowed: boolean): CountedTraffic;
  /** Tells everything so far, refused requests too, in the order of the first of each. */
  told(): readonly HostTraffic[];
}

/** Hosts whose traffic is counted apart; refused ones beyond are counted together. */
const countedHostsMax = 64;
const otherHosts = 'others';

/** A name is the program's to choose; more of it than this is not kept. */
const hostCharactersMax = 300;

/** Begins to count. */
export function countTraffic(): TrafficCount {
  const traffic = new Map<string, CountedTraffic>();
  return {
    count: (asked, isAllowed) => {
      const host = asked.slice(0, hostCharactersMax);
      const isApart =
        isAllowed || traffic.size < countedHostsMax || traffic.has(keyOf(host, false));
      const counted = isApart ? host : otherHosts;
      // The same host is refused in one form and allowed in another.
      const key = keyOf(counted, isAllowed);
      const entry = traffic.get(key) ?? {
        ...{ host: counted, isAllowed, requests: 0 },
        ...{ sentBytes: 0, receivedBytes: 0 },
      };
      entry.requests += 1;
      traffic.set(key, entry);
      return entry;
    },
    told: () => [...traffic.values()].map((each) => ({ ...each })),
  };
}

function keyOf(host: string, isAllowed: boolean): string {
  return `${isAllowed ? 'allowed' : 'refused'} ${host}`;
}
