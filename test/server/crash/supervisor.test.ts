import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { cryptography } from '../../../clients/cli/cryptography.ts';
import type { LedgerEvent } from '../../../domain/ledger/event.ts';
import { verifyRecord } from '../../../domain/ledger/verification.ts';
import { readEnvironment } from '../../../infra/config.ts';
import { readRunFile } from '../../../infra/stack/run-files.ts';
import { systemVariables } from '../../../infra/stack/settings.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { within } from '../../support/within.ts';
import { processesOf } from './processes.ts';
import { watchEvents } from './sse-watcher.ts';

const mainFile = join(import.meta.dirname, '..', '..', '..', 'infra', 'stack', 'main.ts');
const READY_WITHIN_MS = 60_000;
const RUN_WITHIN_MS = 180_000;
const SEATS = 5;

let folder: string;
let running: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-supervisor-'));
});

afterAll(async () => {
  await end('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}, RUN_WITHIN_MS);

/** Starts the stack as `npm start` does and resolves when it says that it is ready. */
async function start(): Promise<{ url: string; authorization: string }> {
  const child = spawn(process.execPath, [mainFile], {
    env: {
      ...systemVariables(readEnvironment()),
      CONCLAVE_DATA: folder,
      CONCLAVE_PORT: '0',
      CONCLAVE_SIMULATED: 'on',
      CONCLAVE_SIMULATED_LATENCY_MS: '300',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running = child;
  let said = '';
  await within<undefined>(
    READY_WITHIN_MS,
    () => `readiness; it said: ${said}`,
    (resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('curl')) resolve(undefined);
      });
    },
  );
  return {
    url: readRunFile(folder, 'api')?.address ?? '',
    authorization: `Bearer ${readFileSync(join(folder, 'api-key'), 'utf8').trim()}`,
  };
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const child = running;
  running = undefined;
  if (child === undefined) return;
  const isOver = child.exitCode !== null || child.signalCode !== null;
  if (isOver) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

test(
  'a debate whose whole stack is killed goes on when it is started again on the same data',
  async () => {
    const before = await start();
    const headers = { authorization: before.authorization, 'content-type': 'application/json' };
    const started = await fetch(`${before.url}/v1/collaborations`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        pattern: 'debate',
        gate: 'off',
        question: 'Does it survive?',
        options: ['Yes', 'No'],
        rounds: 2,
        stopOnStability: false,
        endsEarly: false,
      }),
    });
    const { id } = (await started.json()) as { id: string };
    const path = `/v1/collaborations/${id}`;
    const answered = await untilAnswers(`${before.url}${path}`, headers);

    await end('SIGKILL');
    const after = await start();
    const watcher = watchEvents({
      url: `${after.url}${path}/events`,
      authorization: after.authorization,
      apiReady: () => Promise.resolve(),
    });
    await within<undefined>(RUN_WITHIN_MS, 'the seal', (resolve, reject) => {
      watcher.sealed.then(() => {
        resolve(undefined);
      }, reject);
    });

    const read = async <T>(what: string): Promise<T> =>
      (await (await fetch(`${after.url}${path}${what}`, { headers })).json()) as T;
    const { items: events } = await read<{ items: LedgerEvent[] }>('/events?limit=500');
    const findings = verifyRecord({ record: await read('/record'), events }, cryptography);
    const endings = events.flatMap(({ data }) =>
      typeof data['turn'] === 'string' ? [data['turn']] : [],
    );
    expect(answered).toBeLessThan(2 * SEATS);
    expect(after.url).toBe(before.url);
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(new Set(endings).size).toBe(endings.length);
    expect(endings).toHaveLength(2 * SEATS);
    expect((await read<{ status: string }>('')).status).toBe('completed');
  },
  RUN_WITHIN_MS,
);

test(
  'nothing is left alive when it is told to end',
  async () => {
    const before = processesOf(folder);

    await end('SIGTERM');

    expect(before.length).toBeGreaterThan(0);
    expect(processesOf(folder)).toEqual([]);
  },
  RUN_WITHIN_MS,
);

/** Resolves with the number of answers as soon as there is one. */
async function untilAnswers(url: string, headers: Record<string, string>): Promise<number> {
  const types = await untilSeen(
    async () => {
      const { items } = (await (await fetch(`${url}/events`, { headers })).json()) as {
        items: readonly LedgerEvent[];
      };
      return items.map(({ type }) => type);
    },
    (seen) => seen.includes('conclave.position.submitted.v1'),
    { everyMs: 1 },
  );
  return types.filter((type) => type === 'conclave.position.submitted.v1').length;
}
