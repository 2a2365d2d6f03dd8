import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import postgres from 'postgres';

import { simulatedAgents } from '../infra/simulated/agents.ts';
import { startStack } from '../infra/stack/stack.ts';
import type { Stack } from '../infra/stack/stack.ts';
import { startProgram } from './child-program.ts';
import { createClient } from './conclave-client.ts';
import type { ConclaveClient } from './conclave-client.ts';
import type { ModelsKind } from './options.ts';
import type { Parts } from './part-costs.ts';
import { modelLatencyMs, referenceJob, seats } from './reference-job.ts';

/** A whole stack with a panel of five whose models take 50 ms, and what measures it. */
export interface BenchStack {
  readonly stack: Stack;
  readonly client: ConclaveClient;
  /** As the owner: sees every row. */
  readonly sql: postgres.Sql;
  readonly ownerUrl: string;
  /** Where the models answer chat completions; the baseline calls them too. */
  readonly modelsUrl: string;
  readonly parts: Parts;
  /** Body of a start of the reference job. */
  readonly job: object;
  stop(): Promise<void>;
}

const SQL_CONNECTIONS = 2;
const everyoneMayEnter = 0o755;

/** Brings up a stack in a folder of its own; the caller has to stop it. */
export async function openBenchStack(models: ModelsKind): Promise<BenchStack> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-bench-'));
  await chmod(folder, everyoneMayEnter); // Postgres runs as a user of its own when we are root
  const lean = await startProgram<{ port: number }>('model-server.ts', [String(modelLatencyMs)]);
  const stack = await startStack({
    dataFolder: folder,
    simulated: models === 'simulated' ? 'on' : 'off',
    simulatedLatencyMs: modelLatencyMs,
    env: { CONCLAVE_LOG_LEVEL: 'warn' },
  });
  const client = createClient(stack.apiAddress, stack.apiKey);
  const ownerUrl = stack.ownerUrl ?? '';
  const sql = postgres(ownerUrl, { max: SQL_CONNECTIONS, onnotice: () => undefined });
  const modelsUrl = `http://127.0.0.1:${String(lean.said.port)}/v1`;
  const agents =
    models === 'lean'
      ? leanAgents(modelsUrl)
      : panelAgents(stack.connections.simulatedAddress ?? '');
  for (const agent of agents) await client.registerAgent(agent);
  return {
    stack,
    client,
    sql,
    ownerUrl,
    modelsUrl,
    parts: partsOf(stack, lean.pid),
    job: referenceJob(agents.map(({ name }) => name)),
    stop: async () => {
      client.close();
      await sql.end();
      await stack.stop();
      await lean.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const price = { inputMicrosUsdPerMillion: 1_000_000, outputMicrosUsdPerMillion: 5_000_000 };

function leanAgents(baseUrl: string): readonly { name: string }[] {
  return Array.from({ length: seats }, (_, index) => ({
    name: `lean-${String(index + 1)}`,
    provider: 'openai-compatible',
    model: 'lean',
    baseUrl,
    price,
    capabilities: { structuredOutput: true },
  }));
}

function panelAgents(address: string): readonly { name: string }[] {
  return simulatedAgents(address).map(({ name, provider, model, baseUrl, price: own }) => ({
    name: `bench-${name}`,
    provider,
    model,
    baseUrl,
    price: own,
    capabilities: { vision: true, structuredOutput: true },
  }));
}

function partsOf(stack: Stack, models: number): Parts {
  const parts = new Map<string, number>();
  for (const name of stack.parts()) {
    const pid = stack.pidOf(name);
    if (pid !== undefined) parts.set(name, pid);
  }
  return parts.set('models', models);
}
