import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { choosePorts, isPortFree } from '../../../infra/stack/ports.ts';

const host = '127.0.0.1';

let folders: { first: string; second: string };

beforeEach(() => {
  folders = { first: newFolder(), second: newFolder() };
});

afterEach(() => {
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'conclave-ports-'));
}

/** A port that the system just gave out: free, unless somebody takes it this moment. */
async function somePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening<T>(port: number, work: () => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(port, host, resolve);
  });
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('choosing ports', () => {
  test('two stacks that start together never choose the same one', async () => {
    const rather = await somePort();
    const wishes = [{ name: 'temporal-ui', host, rather }];

    const [first, second] = await Promise.all([
      choosePorts(folders.first, wishes),
      choosePorts(folders.second, wishes),
    ]);
    first.release();
    second.release();

    const chosen = [first.ports['temporal-ui'], second.ports['temporal-ui']];
    expect(chosen).toContain(rather);
    expect(new Set(chosen).size).toBe(2);
  });

  test('a claim lets the part itself listen, and ends with its release', async () => {
    const rather = await somePort();
    const wishes = [{ name: 'api', host, rather }];
    const first = await choosePorts(folders.first, wishes);

    expect(await isPortFree(rather, host)).toBe(true);
    first.release();
    const second = await choosePorts(folders.second, wishes);
    second.release();

    expect(second.ports).toEqual({ api: rather });
  });

  test('a part finds its port again', async () => {
    const wishes = [{ name: 'postgres', host }];
    const before = await choosePorts(folders.first, wishes);
    before.release();
    const after = await choosePorts(folders.first, wishes);
    after.release();

    expect(after.ports).toEqual(before.ports);
  });

  test('every part of a stack gets a port of its own', async () => {
    const rather = await somePort();
    const { ports, release } = await choosePorts(folders.first, [
      { name: 'one', host, rather },
      { name: 'two', host, rather },
    ]);
    release();

    expect(ports['one']).toBe(rather);
    expect(ports['two']).not.toBe(rather);
  });

  test('an exact port that is taken is refused with the variable that moves it', async () => {
    const exactly = await somePort();
    const wishes = [{ name: 'api', host, exactly, variable: 'CONCLAVE_PORT' }];

    await listening(exactly, async () => {
      await expect(choosePorts(folders.first, wishes)).rejects.toThrow(
        `port ${String(exactly)} on ${host} (api) is taken by another program; ` +
          'choose another with CONCLAVE_PORT or --port',
      );
    });
  });
});
