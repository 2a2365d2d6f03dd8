import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startStack, type Stack } from '../../../infra/stack/stack.ts';
import { fakeProgram, programsFolder, programsGrant } from '../../support/programs/fake-program.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { addressesOf } from './addresses.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

const startWithinMs = 300_000;
const runMs = 120_000;
const canary = 'canary-key-5f0c1d2e3b4a';

let folder: string;
let stack: Stack;
let house: House;

beforeAll(async () => {
  ensureSandboxTools();
  folder = mkdtempSync(join(tmpdir(), 'conclave-programs-'));
  stack = await startStack({
    dataFolder: join(folder, 'data'),
    simulated: 'on',
    simulatedLatencyMs: 0,
    env: { CONCLAVE_COMMAND_FOLDERS: programsFolder, CANARY_API_KEY: canary },
  });
  house = await House.open(addressesOf(stack));
}, startWithinMs);

afterAll(async () => {
  await house.close();
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Registers the made-up program, which asks the simulated panel as Claude Code does. */
async function program(model: string, more: object = {}): Promise<string> {
  const url = `${addressesOf(stack).simulated}/anthropic`;
  const command = {
    path: fakeProgram,
    output: { kind: 'claude' },
    arguments: ['as-claude', '{model}'],
    grants: [programsGrant],
    network: { upstream: { url, from: 'CANARY_API_KEY' } },
    ...more,
  };
  return await house.agent(model, { provider: 'command', baseUrl: undefined, command });
}

describe('programs', () => {
  test(
    'sit in a debate beside a model',
    async () => {
      const participants = [await program('sim-ada'), await program('sim-bo'), 'sim-cy'];

      const run = await house.run({
        pattern: 'debate',
        question: 'Which store?',
        options: ['Postgres', 'SQLite'],
        participants,
      });

      const events = await house.events(run.id);
      const said = events.find(({ data }) => data['seat'] === 's1');
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(said?.data).toMatchObject({
        content: {
          agent: participants[0],
          commands: [{ status: 'ok', exitCode: 0, backend: { name: 'bwrap' } }],
        },
      });
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});
