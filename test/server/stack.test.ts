import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { isAlive } from '../../infra/stack/run-files.ts';
import { startStack } from '../../infra/stack/stack.ts';
import type { Stack } from '../../infra/stack/stack.ts';

const PARTS = ['postgres', 'temporal', 's3', 'simulated', 'api', 'worker'] as const;
const START_WITHIN_MS = 120_000;

describe('a stack', () => {
  let folder: string;
  let stack: Stack;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conclave-stack-'));
    stack = await startStack({ dataFolder: folder, simulated: 'on' });
  }, START_WITHIN_MS);

  afterAll(async () => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(PARTS)('publishes its %s', (part) => {
    expect(runFile(folder, part)).toMatchObject({ part, pid: stack.pidOf(part) });
  });

  test.each(PARTS)(
    'brings its %s back at the same address after a kill',
    async (part) => {
      const before = { pid: stack.pidOf(part), address: stack.addressOf(part) };

      await stack.kill(part);
      await stack.waitReady(part);

      expect(stack.pidOf(part)).not.toBe(before.pid);
      expect(stack.addressOf(part)).toBe(before.address);
      expect(runFile(folder, part).pid).toBe(stack.pidOf(part));
    },
    START_WITHIN_MS,
  );

  test('refuses a second stack on its folder, naming the holder', async () => {
    const second = startStack({ dataFolder: folder, parts: [] });

    await expect(second).rejects.toThrow(`process id ${String(process.pid)}`);
  });

  test('takes one more worker', async () => {
    const name = await stack.addWorker();

    expect(name).toBe('worker-2');
    expect(runFile(folder, name).pid).toBe(stack.pidOf(name));
  });

  test(
    'leaves no process when it stops, and a second start finds its data and addresses',
    async () => {
      const before = stack;
      const pids = before.parts().map((part) => before.pidOf(part) ?? 0);

      await before.stop();
      const left = pids.filter(isAlive);
      stack = await startStack({ dataFolder: folder, simulated: 'on' });

      expect(left).toEqual([]);
      expect(stack.apiKey).toBe(before.apiKey);
      expect(stack.apiAddress).toBe(before.apiAddress);
      expect(stack.connections).toEqual(before.connections);
      const answer = await fetch(`${stack.apiAddress}/v1/collaborations`, {
        headers: { authorization: `Bearer ${before.apiKey}` },
      });
      expect(answer.status).toBe(200);
    },
    START_WITHIN_MS,
  );
});

describe('a stack that cannot start', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'conclave-stack-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('names the taken port and what would move it', async () => {
    const { port, close } = await takePort();

    const start = startStack({ dataFolder: folder, port, parts: ['api'] });

    await expect(start).rejects.toThrow(
      new RegExp(`^port ${String(port)} .* is taken .* CONCLAVE_PORT or --port$`),
    );
    await close();
  });

  test('leaves a foreign folder alone', async () => {
    writeFileSync(join(folder, 'thesis.doc'), '');

    const start = startStack({ dataFolder: folder, parts: [] });

    await expect(start).rejects.toThrow(/thesis\.doc.*CONCLAVE_DATA or --data$/);
  });

  test(
    'shows the last lines of a part that keeps dying',
    async () => {
      // Gives its version as asked, then dies with a complaint.
      const broken = join(folder, '..', `${folder.split('/').at(-1) ?? ''}.sh`);
      const script =
        '#!/bin/sh\n[ "$1" = --version ] && echo "Version : v1.8.0" && exit 0\necho "out of luck" >&2\nexit 3\n';
      writeFileSync(broken, script, { mode: 0o755 });

      const start = startStack({
        dataFolder: folder,
        parts: ['s3'],
        env: { CONCLAVE_S3_BIN: broken },
      });

      await expect(start).rejects.toThrow(
        /s3 cannot be kept running: died 5 times \(ended with code 3\)\n {2}out of luck/,
      );
      rmSync(broken);
    },
    START_WITHIN_MS,
  );

  test('refuses a configured tool that is none', async () => {
    const start = startStack({
      dataFolder: folder,
      parts: ['temporal'],
      env: { CONCLAVE_TEMPORAL_BIN: '/bin/ls' },
    });

    await expect(start).rejects.toThrow(/^CONCLAVE_TEMPORAL_BIN does not name a temporal/);
  });
});

function runFile(folder: string, part: string): { part: string; pid: number } {
  const text = readFileSync(join(folder, 'run', `${part}.json`), 'utf8');
  return JSON.parse(text) as { part: string; pid: number };
}

async function takePort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const close = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, close };
}
