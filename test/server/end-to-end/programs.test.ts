import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { startStack, type Stack } from '../../../infra/stack/stack.ts';
import { createTenantAdministration } from '../../../infra/stores/tenant-store.ts';
import { fakeProgram, programsFolder, programsGrant } from '../../support/programs/fake-program.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { untilSeen } from '../../support/until-seen.ts';
import { addressesOf } from './addresses.ts';
import { House } from './house.ts';
import { brokenPromises } from './promises.ts';

const startWithinMs = 300_000;
const runMs = 120_000;
const canary = 'canary-key-5f0c1d2e3b4a';
const microsPerToken = 2;
/** How long a simulated model thinks that a program is to be met with under way. */
const slowMs = 4000;
const fakeName = 'fake-agent.ts';
const waysPrefix = 'conclave-ways-';

interface ShownProvider {
  readonly agents: readonly string[];
  readonly status: string;
  readonly program: {
    readonly detected: { readonly capabilities: object | null } | null;
  } | null;
}

interface AskedCommand {
  readonly output: { readonly artifact: string };
}

let folder: string;
let stack: Stack;
let house: House;

beforeAll(async () => {
  ensureSandboxTools();
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'conclave-programs-')));
  chmodSync(folder, 0o711); // the users of runs go through it
  mkdirSync(temporary());
  chmodSync(temporary(), 0o1777);
  stack = await startStack({
    dataFolder: join(folder, 'data'),
    simulated: 'on',
    simulatedLatencyMs: 0,
    env: {
      CONCLAVE_COMMAND_FOLDERS: programsFolder,
      CONCLAVE_SANDBOX_DATA: join(folder, 'sandbox'),
      CANARY_API_KEY: canary,
      TMPDIR: temporary(),
    },
  });
  house = await House.open(addressesOf(stack), { mayRunCode: true });
}, startWithinMs);

afterAll(async () => {
  await house.close();
  await stack.stop();
  const left = [...slots(), ...ways()];
  rmSync(folder, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`programs left ${left.join(', ')} behind`);
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
    isDryCalled: false,
    ...more,
  };
  return await house.agent(model, { provider: 'command', baseUrl: undefined, command });
}

/** Grants the tenants of this stack to run code, or takes it back, as `npm run tenants` does. */
async function allowCode(isAllowed: boolean): Promise<void> {
  const administration = createTenantAdministration(addressesOf(stack).postgres);
  try {
    for (const { tenantId } of await administration.listTenants()) {
      await administration.allowCode(tenantId, isAllowed);
    }
  } finally {
    await administration.close();
  }
}

function debateOf(participants: readonly string[]): object {
  const options = ['Postgres', 'SQLite'];
  return { pattern: 'debate', question: 'Which store?', options, participants, endsEarly: false };
}

/** What engines have set up for runs. */
function slots(): readonly string[] {
  return readdirSync(join(folder, 'sandbox', 'slots'));
}

/** Where this stack, and no other of the machine, has its temporary files. */
function temporary(): string {
  return join(folder, 'tmp');
}

/** Folders of workers with the sockets of ways out. */
function ways(): readonly string[] {
  return readdirSync(temporary()).filter((name) => name.startsWith(waysPrefix));
}

/** A process, and what it shows of itself. */
interface ShownProcess {
  readonly pid: string;
  readonly arguments: string;
  readonly env: string;
}

/** The processes of made-up programs. */
function programsUnderWay(): readonly ShownProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, arguments: textOf(pid, 'cmdline'), env: textOf(pid, 'environ') }))
    .filter((shown) => shown.arguments.includes(fakeName) && shown.arguments.includes('-slow-'));
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return ''; // it has just ended
  }
}

/** Files below a folder, which others write to meanwhile, in which a text stands as it is. */
function filesWith(text: string, below: string): readonly string[] {
  const { stdout } = spawnSync('grep', ['-rlsF', '--', text, below], { encoding: 'utf8' });
  return stdout.split('\n').filter((path) => path !== '');
}

describe('programs', () => {
  test(
    'sit in a debate beside a model, with tokens, cost and what they printed',
    async () => {
      const seats = [await program('sim-ada'), await program('sim-bo'), 'sim-cy'];

      const run = await house.run(debateOf(seats));

      const said = (await house.events(run.id)).find(({ data }) => data['seat'] === 's1');
      const { usage, microsUsd } = said?.data as unknown as {
        usage: { inputTokens: number; outputTokens: number };
        microsUsd: number;
      };
      const content = said?.data['content'] as { commands: readonly AskedCommand[] };
      const printed = await house.call<{ stdout: string; stderr: string }>(
        `/v1/artifacts/${content.commands[0]?.output.artifact ?? ''}`,
      );
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(content).toMatchObject({
        agent: seats[0],
        model: 'sim-ada',
        commands: [
          {
            status: 'ok',
            exitCode: 0,
            backend: { name: 'bwrap' },
            grants: [{ ...programsGrant, mode: 'read' }],
            hosts: [new URL(addressesOf(stack).simulated).host],
            traffic: [{ isAllowed: true, requests: 1 }],
          },
        ],
      });
      expect(microsUsd).toBe((usage.inputTokens + usage.outputTokens) * microsPerToken);
      expect(printed.body.stdout).toContain('"total_cost_usd"');
      expect(printed.body.stderr).toBe('a warning of no weight\n');
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );

  test(
    'are shown with what a worker found out',
    async () => {
      const known = await program('sim-ada', { isDryCalled: true });
      const absent = await program('sim-ada', { path: '/made-up/nowhere' });

      const shown = await untilSeen(
        async () => {
          const { body } = await house.call<{ items: readonly ShownProvider[] }>('/v1/providers');
          return [known, absent].map((name) =>
            body.items.find(({ agents }) => agents.includes(name)),
          );
        },
        // The first is of an account that was looked at before, without a call of one word.
        ([first, second]) =>
          (first?.program?.detected?.capabilities ?? null) !== null &&
          (second?.program?.detected ?? null) !== null,
      );

      expect(shown).toMatchObject([
        {
          status: 'ok',
          program: {
            prompt: 'stdin',
            detected: {
              version: '1.2.3-test',
              capabilities: { isAnswering: true, hasUsage: true, hasCost: true },
            },
          },
        },
        { status: 'failing', program: { detected: { isThere: false, capabilities: null } } },
      ]);
    },
    runMs,
  );

  test(
    'stop when their tenant may no longer run code, and go on when it may again',
    async () => {
      const name = await program('sim-ada');
      const debate = debateOf([name, 'sim-bo', 'sim-cy']);

      await allowCode(false);
      const { body: standings } = await house.call<{ items: readonly ShownProvider[] }>(
        '/v1/providers',
      );
      let without: Awaited<ReturnType<House['run']>>;
      try {
        without = await house.run(debate);
      } finally {
        await allowCode(true);
      }
      const again = await house.run(debate);

      expect(standings.items.find(({ agents }) => agents.includes(name))).toMatchObject({
        status: 'failing',
        program: { unavailable: expect.stringContaining('may not run code') as unknown },
      });
      const abstained = without.decision?.votes.map((vote) => vote.abstained);
      expect(abstained).toEqual(['not-permitted', null, null]);
      expect(await brokenPromises(house, without)).toEqual([]);
      expect(again.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
    },
    runMs,
  );

  test(
    'have no key, and no argument tells one; nothing that is kept holds it',
    async () => {
      const slow = `sim-ada-slow-${String(slowMs)}`;
      const id = await house.start(debateOf([await program(slow), 'sim-bo', 'sim-cy']));
      const underWay = await untilSeen(
        () => Promise.resolve(programsUnderWay()),
        (found) => found.length > 0,
      );

      await house.ended(id);

      expect(underWay.filter((shown) => JSON.stringify(shown).includes(canary))).toEqual([]);
      // The search finds what is there.
      expect(filesWith(stack.apiKey, folder)).not.toEqual([]);
      expect(filesWith(canary, folder)).toEqual([]);
      expect(JSON.stringify(await house.events(id))).not.toContain(canary);
    },
    runMs,
  );

  test(
    'leave nothing behind when their worker is killed, and are asked again once',
    async () => {
      const slow = `sim-bo-slow-${String(slowMs)}`;
      const body = debateOf([await program(slow), 'sim-ada', 'sim-cy']);
      const id = await house.start({ ...body, rounds: 1 });
      await untilSeen(
        () => house.calls(slow),
        ({ calls }) => calls === 1,
      );
      const before = { programs: programsUnderWay().map(({ pid }) => pid), ways: ways() };

      await stack.kill('worker');
      // The next worker starts the same program again: only those of the dead one are to go.
      await untilSeen(
        () =>
          Promise.resolve(programsUnderWay().filter(({ pid }) => before.programs.includes(pid))),
        (left) => left.length === 0,
      );
      const run = await patiently(house, id);

      expect(before.programs).not.toEqual([]);
      expect(before.ways).not.toEqual([]);
      expect(ways().filter((way) => before.ways.includes(way))).toEqual([]);
      expect(await house.calls(slow)).toEqual({ calls: 2, aborted: 1 });
      expect(run.decision?.votes.map(({ abstained }) => abstained)).toEqual([null, null, null]);
      expect(await brokenPromises(house, run)).toEqual([]);
    },
    runMs,
  );
});

/** A stream breaks with nothing here, but a run over a crash takes longer than it lasts. */
async function patiently(of: House, id: string): Promise<Awaited<ReturnType<House['ended']>>> {
  return await untilSeen(
    async () =>
      (await of.call<Awaited<ReturnType<House['ended']>>>(`/v1/collaborations/${id}`)).body,
    ({ status }) => status === 'completed',
  );
}
