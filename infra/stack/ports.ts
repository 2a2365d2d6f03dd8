import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { flagOf } from '../config.ts';
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

/**
 * Chooses a port per wish and remembers it in the data folder, so that parts come back where they
 * were after a restart.
 *
 * @returns Ports by the wishes' names.
 * @throws StackFault when an exact port is taken.
 */
export async function choosePorts(
  dataFolder: string,
  wishes: readonly PortWish[],
): Promise<Record<string, number>> {
  const path = join(dataFolder, 'ports.json');
  const remembered = readPorts(path);
  const chosen: Record<string, number> = {};
  for (const wish of wishes) {
    const taken = new Set(Object.values(chosen));
    chosen[wish.name] = await choosePort(wish, remembered[wish.name], taken);
  }
  writeAtomically(path, `${JSON.stringify({ ...remembered, ...chosen }, undefined, 2)}\n`);
  return chosen;
}

async function choosePort(
  wish: PortWish,
  remembered: number | undefined,
  taken: ReadonlySet<number>,
): Promise<number> {
  if (wish.exactly !== undefined) return await takeExactly(wish, wish.exactly);
  for (const candidate of [remembered, wish.rather]) {
    if (candidate === undefined || taken.has(candidate)) continue;
    if (await isPortFree(candidate, wish.host)) return candidate;
  }
  for (let attempt = 0; attempt < TRIES_MAX; attempt += 1) {
    const candidate = randomInt(LOWEST, HIGHEST);
    if (!taken.has(candidate) && (await isPortFree(candidate, wish.host))) return candidate;
  }
  throw new StackFault(`no free port for ${wish.name} between ${LOWEST} and ${HIGHEST}`);
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
