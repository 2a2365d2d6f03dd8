/**
 * Lets the real programs sit in one debate, each in the real sandbox, asked over the simulated panel's wire formats:
 * `npm run test:agents`, or `npm run test:agents -- latest` with their newest versions. Ends with 0 when all of it went well.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LedgerEvent } from '../../domain/ledger/event.ts';
import { startStack, type Stack } from '../../infra/stack/stack.ts';
import { addressesOf } from '../server/end-to-end/addresses.ts';
import { House, type Shown } from '../server/end-to-end/house.ts';
import { brokenPromises } from '../server/end-to-end/promises.ts';
import { ensureSandboxTools } from '../support/sandbox-tools.ts';
import { untilSeen } from '../support/until-seen.ts';
import { installPrograms, realPrograms } from './installed-programs.ts';
import type { RealProgram } from './installed-programs.ts';

const withinMs = 600_000;
const everyMs = 500;
const inside = '/agents';
const key = 'canary-key-of-real-programs-71c0';
const keyVariable = 'REAL_PROGRAMS_API_KEY';
const models = ['sim-ada', 'sim-bo', 'sim-cy', 'sim-dee'];

interface ShownProgram {
  readonly agents: readonly string[];
  readonly program: {
    readonly detected: { readonly isThere: boolean; readonly version: string | null } | null;
  } | null;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const isNewest = args[0] === 'latest';
  if (args.length > (isNewest ? 1 : 0)) {
    say(`unknown argument ${args.join(' ')}; expected nothing, or latest`);
    return 2;
  }
  ensureSandboxTools();
  say('installing the programs (0.9 GB the first time) …');
  const folder = await installPrograms(isNewest);
  const data = mkdtempSync(join(tmpdir(), 'conclave-agents-'));
  const stack = await startStack({
    dataFolder: join(data, 'data'),
    simulated: 'on',
    simulatedLatencyMs: 0,
    env: { CONCLAVE_COMMAND_FOLDERS: folder, [keyVariable]: key },
  });
  const house = await House.open(addressesOf(stack), { mayRunCode: true });
  try {
    return await debate(stack, house, folder);
  } finally {
    await house.close();
    await stack.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Registers them, waits until a worker has looked at each, lets them debate, and looks at what came of it. */
async function debate(stack: Stack, house: House, folder: string): Promise<number> {
  const names = await Promise.all(
    realPrograms.map((program, index) => register({ stack, house, folder }, program, index)),
  );
  const versions = await detectedVersions(house, names);
  const startedAt = performance.now();
  const id = await house.start({
    pattern: 'debate',
    question: 'Which store should the ledger use?',
    options: ['Postgres', 'SQLite'],
    // A simulated model beside them keeps the votes from a tie.
    participants: [...names, 'sim-eve'],
    endsEarly: false,
  });
  const run = await endOf(house, id);
  const seconds = (performance.now() - startedAt) / 1000;
  const events = await house.events(id);
  const faults = [
    ...names.flatMap((name, index) => seatFaults(events, name, `s${String(index + 1)}`)),
    ...(JSON.stringify(events).includes(key) ? ['the key stands in an event'] : []),
    ...(await brokenPromises(house, run)),
  ];
  for (const [index, { kind }] of realPrograms.entries()) {
    say(`${kind.padEnd(9)} ${(versions[index] ?? '').padEnd(9)} ${told(events, names[index])}`);
  }
  say(
    `debate    ${run.decision?.kind ?? run.status} in ${seconds.toFixed(1)} s, ${verdictOf(run)}`,
  );
  for (const fault of faults) say(`FAILED    ${fault}`);
  say(faults.length === 0 ? 'test:agents ok' : 'test:agents failed');
  return faults.length === 0 ? 0 : 1;
}

async function register(
  { stack, house, folder }: { stack: Stack; house: House; folder: string },
  { kind, file, root }: RealProgram,
  index: number,
): Promise<string> {
  const url = addressesOf(stack).simulated + root;
  return await house.agent(models[index] ?? 'sim-ada', {
    provider: 'command',
    baseUrl: undefined,
    command: {
      path: `${inside}/node_modules/${file}`,
      output: { kind },
      grants: [{ host: folder, path: inside }],
      network: { upstream: { url, from: keyVariable } },
    },
  });
}

/** What `GET /v1/providers` says of them, once a worker has looked at all. */
async function detectedVersions(
  house: House,
  names: readonly string[],
): Promise<readonly (string | null | undefined)[]> {
  const shown = await untilSeen(
    async () => {
      const { body } = await house.call<{ items: readonly ShownProgram[] }>('/v1/providers');
      return names.map((name) => body.items.find(({ agents }) => agents.includes(name))?.program);
    },
    (programs) => programs.every((program) => (program?.detected ?? null) !== null),
    { withinMs, everyMs },
  );
  return shown.map((program) => program?.detected?.version);
}

async function endOf(house: House, id: string): Promise<Shown> {
  const ends = ['completed', 'failed', 'cancelled'];
  return await untilSeen(
    async () => (await house.call<Shown>(`/v1/collaborations/${id}`)).body,
    ({ status }) => ends.includes(status),
    { withinMs, everyMs },
  );
}

interface SeatContent {
  readonly agent?: string;
  readonly commands?: readonly {
    readonly status: string;
    readonly durationMs: number;
    readonly peakMemoryBytes: number | null;
    readonly traffic: readonly { readonly host: string; readonly isAllowed: boolean }[];
  }[];
}

function contentsOf(events: readonly LedgerEvent[], name: string | undefined): SeatContent[] {
  return events
    .map(({ data }) => (data['content'] ?? {}) as SeatContent)
    .filter(({ agent }) => agent === name);
}

function seatFaults(events: readonly LedgerEvent[], name: string, seat: string): string[] {
  const runs = contentsOf(events, name).flatMap(({ commands = [] }) => commands);
  const silent = events.filter(
    ({ type, data }) => data['seat'] === seat && !/position|judgement|synthesis/.test(type),
  );
  return [
    ...(runs.length === 0 ? [`${seat}: its program never ran`] : []),
    ...runs.filter(({ status }) => status !== 'ok').map(({ status }) => `${seat}: ${status}`),
    ...silent.map(({ type }) => `${seat}: ${type}`),
  ];
}

function told(events: readonly LedgerEvent[], name: string | undefined): string {
  const runs = contentsOf(events, name).flatMap(({ commands = [] }) => commands);
  const seconds = runs.map(({ durationMs }) => (durationMs / 1000).toFixed(1)).join(', ');
  const peak = Math.max(0, ...runs.map(({ peakMemoryBytes }) => peakMemoryBytes ?? 0));
  const refused = runs.flatMap(({ traffic }) => traffic.filter(({ isAllowed }) => !isAllowed));
  const hosts = [...new Set(refused.map(({ host }) => host))];
  const rest = hosts.length === 0 ? '' : `, refused ${hosts.join(' ')}`;
  return `${String(runs.length)} runs of ${seconds} s, ${String(Math.round(peak / 1e6))} MB${rest}`;
}

function verdictOf({ decision, budget }: Shown): string {
  const { tokens, microsUsd } = budget.settled;
  const votes = decision?.votes.map(({ abstained }) => abstained ?? 'cast').join(' ') ?? '';
  return `votes ${votes}, ${String(tokens)} tokens, ${String(microsUsd)} micro-dollars`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
