import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { parleyWire } from '../../../docs/examples/own-adapter/parley-provider.ts';
import { startStack, type Stack } from '../../../infra/stack/stack.ts';
import { startPanel, type TestPanel } from '../../support/providers.ts';
import { addressesOf } from './addresses.ts';
import { House, type Shown } from './house.ts';
import { brokenPromises } from './promises.ts';

const startWithinMs = 120_000;
const runMs = 90_000;
const parley = './docs/examples/own-adapter/parley.ts';

/** Where the panel speaks Parley. */
const root = '/parley';

interface ShownAdapter {
  readonly name: string;
  readonly status: string;
  readonly workers: object;
  readonly agents: readonly string[];
}

interface Providers {
  readonly items: readonly { readonly provider: string; readonly status: string }[];
  readonly adapters: readonly ShownAdapter[];
}

let folder: string;
let stack: Stack;
let house: House;
let panel: TestPanel;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-own-adapter-'));
  panel = await startPanel(0, [{ root, format: parleyWire }]);
  stack = await startStack({
    dataFolder: join(folder, 'data'),
    simulated: 'on',
    simulatedLatencyMs: 0,
    env: { CONCLAVE_ADAPTERS: parley, PARLEY_API_KEY: 'key' },
  });
  house = await House.open(addressesOf(stack));
}, startWithinMs);

afterAll(async () => {
  await house.close();
  await stack.stop();
  await panel.close();
  rmSync(folder, { recursive: true, force: true });
});

async function agentOf(model: string): Promise<string> {
  const baseUrl = panel.url + root;
  return await house.agent(model, { provider: 'parley', baseUrl, apiKeyEnv: 'PARLEY_API_KEY' });
}

async function consensusOf(participants: readonly string[]): Promise<Shown> {
  return await house.run({
    pattern: 'consensus',
    question: 'Which store?',
    options: ['Postgres', 'SQLite'],
    participants,
    endsEarly: false,
  });
}

async function providers(): Promise<Providers> {
  return (await house.call<Providers>('/v1/providers')).body;
}

/** Starts a worker of this stack without the adapter; resolves when it is ready. */
async function plainWorker(): Promise<ChildProcess> {
  const worker = fork('workers/main.ts', {
    env: { CONCLAVE_DATA: stack.config.dataFolder },
    execPath: process.execPath,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  await once(worker, 'message');
  return worker;
}

describe('an adapter', () => {
  test(
    'takes part in a consensus beside a provider that is known here',
    async () => {
      const seats = [await agentOf('sim-ada'), await agentOf('sim-bo'), 'sim-cy'];

      const run = await consensusOf(seats);

      const said = (await house.events(run.id)).filter(({ data }) => data['seat'] === 's1');
      expect(run.decision).toMatchObject({ kind: 'decided', stoppedBy: 'rounds' });
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(run.decision?.cost.inputTokens).toBeGreaterThan(0);
      expect(said[0]?.data['content']).toMatchObject({ agent: seats[0], model: 'sim-ada' });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'has a reply that is not what was asked asked for again, and a seat abstain that gives none',
    async () => {
      const seats = [
        await agentOf('sim-a-prose-once'),
        await agentOf('sim-b-garbage'),
        await agentOf('sim-d-no-usage'),
        'sim-cy',
      ];
      const run = await consensusOf(seats);

      const events = await house.events(run.id);
      const usage = events.find(({ data }) => data['seat'] === 's3')?.data['usage'];
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([
        null,
        'provider-failed',
        null,
        null,
      ]);
      expect(usage).toEqual({ inputTokens: null, cachedTokens: null, outputTokens: null });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test('is shown with the workers that have it', async () => {
    const shown = await providers();

    expect(shown.items.find(({ provider }) => provider === 'parley')).toMatchObject({
      status: 'ok',
    });
    expect(shown.adapters).toMatchObject([
      { name: 'parley', version: '1.0.0', status: 'ok', workers: { running: 1, having: 1 } },
    ]);
  });

  test(
    'reaches a worker that has it where another one lacks it',
    async () => {
      const worker = await plainWorker();
      const seats = await Promise.all(['sim-ada', 'sim-bo', 'sim-cy'].map(agentOf));
      const shown = await providers();

      const run = await consensusOf(seats);
      worker.kill('SIGTERM');
      await once(worker, 'exit');

      expect(shown.adapters).toMatchObject([
        { status: 'partial', workers: { running: 2, having: 1, alike: 1 } },
      ]);
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

describe('an adapter that breaks the contract', () => {
  const code = 'export const adapter = { contract: 2 };';
  const message = 'contract: got 2, expected 1';

  test('is refused before anything starts, each fault on a line of its own', async () => {
    const module = join(folder, 'refused.mjs');
    const other = join(folder, 'other.mjs');
    const dataFolder = join(folder, 'refused');
    writeFileSync(module, code);
    writeFileSync(other, code);

    const refused = startStack({ dataFolder, env: { CONCLAVE_ADAPTERS: `${module},${other}` } });

    const lines = [module, other].map((path) => `  CONCLAVE_ADAPTERS: ${path}: ${message}`);
    await expect(refused).rejects.toThrow(lines.join('\n'));
    expect(existsSync(dataFolder)).toBe(false);
  });

  test('is refused by a worker that is started alone', async () => {
    const module = join(folder, 'lonely.mjs');
    writeFileSync(module, code);
    const worker = fork('workers/main.ts', {
      env: { CONCLAVE_DATA: stack.config.dataFolder, CONCLAVE_ADAPTERS: module },
      execPath: process.execPath,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let told = '';
    worker.stderr?.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });

    const [exit] = (await once(worker, 'exit')) as [number];

    expect(exit).toBe(2);
    expect(told).toContain(`CONCLAVE_ADAPTERS: ${module}: ${message}`);
  });
});
