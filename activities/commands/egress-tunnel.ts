import { connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { isAllowedHost, refusal, type EgressRules } from './egress-rules.ts';
import type { TrafficCount } from './egress-traffic.ts';

/** A `CONNECT` that came to a proxy. */
export interface AskedTunnel {
  /** `host:port`, as it was asked for. */
  readonly asked: string;
  readonly client: Duplex;
  /** What the client sent already. */
  readonly head: Buffer;
}

/**
 * Answers a `CONNECT`: joins both ends, or refuses with 403 and a reason.
 *
 * @param house - where the program may go, and what counts it
 * @param house.rules - where to
 * @param house.traffic - what counts its bytes
 * @param tunnel - what was asked
 * @param tunnel.asked - where to
 * @param tunnel.client - the program's end
 * @param tunnel.head - what came from there already
 * @returns the far end; `undefined` where it was refused
 */
export function openTunnel(
  { rules, traffic }: { readonly rules: EgressRules; readonly traffic: TrafficCount },
  { asked, client, head }: AskedTunnel,
): Duplex | undefined {
  const host = asked.toLowerCase();
  client.on('error', () => client.destroy());
  const isAllowed = isAllowedHost(rules, host);
  const entry = traffic.count(host, isAllowed);
  if (!isAllowed) {
    client.end(refusedAnswer(host));
    return undefined;
  }
  const far = connect(addressOf(host));
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
  far.on('close', () => client.destroy());
  client.on('close', () => far.destroy());
  return far;
}

function refusedAnswer(host: string): string {
  const text = `${refusal(host)}\n`;
  const length = String(Buffer.byteLength(text));
  return `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${text}`;
}

/** A URL would drop the port 80. */
function addressOf(host: string): { readonly host: string; readonly port: number } {
  const { hostname } = new URL(`http://${host}`);
  const port = Number(host.slice(host.lastIndexOf(':') + 1));
  return { host: hostname.replace(/^\[|\]$/g, ''), port };
}
