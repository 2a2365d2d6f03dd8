import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { flagOf } from '../flags.ts';
import { writeAtomically } from './run-files.ts';
import { StackFault } from './stack-fault.ts';

// Below the range from which systems take the ports of outgoing connections: a part that is down for
// a moment finds its port again.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const TRIES_MAX = 200;

/** What a part wants for a port. */
export interface PortWish {
  readonly name: string;
  readonly host: string;
  /** Takes exactly this port, or fails naming `variable`. */
  readonly exactly?: number;
  /** Takes this one if nobody has it. */
  readonly rather?: number;
  /** The variable that moves the port. */
  readonly variable?: string;
}

/** Tells whether a port can be listened on right now. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Ports by the wishes' names, kept from other stacks until the parts listen on them. */
export interface ChosenPorts {
  readonly ports: Readonly<Record<string, number>>;
  /** Ends the claims; call it once the parts listen, or will not. */
  readonly release: () => void;
}

/**
 * Chooses a port per wish and remembers it in the data folder, so that parts come back where they
 * were after a restart.
 *
 * @throws StackFault when an exact port is taken.
 */
export async function choosePorts(
  dataFolder: string,
  wishes: readonly PortWish[],
): Promise<ChosenPorts> {
  const path = join(dataFolder, 'ports.json');
  const remembered = readPorts(path);
  const ports: Record<string, number> = {};
  const claims: Socket[] = [];
  const release = (): void => {
    for (const claim of claims.splice(0)) claim.close();
  };
  try {
    for (const wish of wishes) {
      ports[wish.name] = await choosePort(wish, remembered[wish.name], claims);
    }
  } catch (error) {
    release();
    throw error;
  }
  writeAtomically(path, `${JSON.stringify({ ...remembered, ...ports }, undefined, 2)}\n`);
  return { ports, release };
}

async function choosePort(
  wish: PortWish,
  remembered: number | undefined,
  claims: Socket[],
): Promise<number> {
  if (wish.exactly !== undefined) return await takeExactly(wish, wish.exactly);
  for (const candidate of [remembered, wish.rather]) {
    if (candidate !== undefined && (await claimPort(candidate, wish.host, claims))) {
      return candidate;
    }
  }
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    const candidate = randomInt(LOWEST, HIGHEST);
    if (await claimPort(candidate, wish.host, claims)) return candidate;
  }
  throw new StackFault(`no free port for ${wish.name} between ${LOWEST} and ${HIGHEST}`);
}

/**
 * Between the choice and the part's listening lie seconds, in which another stack would find the same port free. A
 * datagram socket of the same number says that it is taken: parts use streams only, and it falls with this process.
 */
async function claimPort(port: number, host: string, claims: Socket[]): Promise<boolean> {
  const claim = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const isClaimed = await new Promise<boolean>((resolve) => {
    claim.once('error', () => {
      resolve(false);
    });
    claim.bind({ port, address: host, exclusive: true }, () => {
      resolve(true);
    });
  });
  if (isClaimed && (await isPortFree(port, host))) {
    claims.push(claim.unref());
    return true;
  }
  claim.close();
  return false;
}

async function takeExactly(wish: PortWish, port: number): Promise<number> {
  if (await isPortFree(port, wish.host)) return port;
  const variable = wish.variable ?? 'CONCLAVE_PORT';
  throw new StackFault(
    `port ${String(port)} on ${wish.host} (${wish.name}) is taken by another program; ` +
      `choose another with ${variable} or ${flagOf(variable)}`,
  );
}

function readPorts(path: string): Record<string, number> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>;
  } catch {
    return {}; // a torn file costs nothing but new ports
  }
}
