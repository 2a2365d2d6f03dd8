/**
 * Records the histories that test/workflows replays: `npx node test/support/record-histories.ts`, followed by the names
 * of those that are meant, as `debate/cancelled`; all of them without any.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';

import { startStack, type Stack } from '../../infra/stack/stack.ts';
import { openTemporal, type TemporalConnection } from '../../infra/temporal/client.ts';
import { sandboxWorkflowIdOf, workflowIdOf } from '../../infra/temporal/settings.ts';
import {
  historyScenarios,
  recordedQueues,
  sandboxScenarios,
  slowAgents,
  type HistoryScenario,
  type SandboxScenario,
} from './history-scenarios.ts';

const histories = join(import.meta.dirname, '..', 'histories');

await record(scenariosNamed(process.argv.slice(2)));

/** @throws Error for a name that no scenario has */
function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  const all = [...historyScenarios, ...sandboxScenarios];
  const known = new Map(all.map((one) => [`${one.workflow}/${one.name}`, one]));
  if (names.length === 0) return all;
  return names.map((name) => {
    const scenario = known.get(name);
    if (scenario !== undefined) return scenario;
    throw new Error(`name: got ${name}, expected one of ${[...known.keys()].join(', ')}`);
  });
}

type Scenario = HistoryScenario | SandboxScenario;

async function record(scenarios: readonly Scenario[]): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'conclave-histories-'));
  const env = { CONCLAVE_QUEUES: recordedQueues };
  const stack = await startStack({ dataFolder, simulated: 'on', simulatedLatencyMs: 20, env });
  const temporal = openTemporal({
    address: stack.connections.temporalAddress,
    namespace: stack.connections.temporalNamespace,
  });
  try {
    await registerSlowAgents(stack);
    for (const scenario of scenarios) {
      if (scenario.workflow === 'sandbox') await recordSandboxRun(stack, temporal, scenario);
      else await recordOne(stack, temporal, scenario);
    }
  } finally {
    await temporal.close();
    await stack.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function registerSlowAgents(stack: Stack): Promise<void> {
  const baseUrl = new URL('/openai/v1', stack.connections.simulatedAddress).href;
  for (const [name, model] of Object.entries(slowAgents)) {
    await post(stack, '/v1/agents', { name, provider: 'openai-compatible', baseUrl, model });
  }
}

async function recordOne(
  stack: Stack,
  temporal: TemporalConnection,
  scenario: HistoryScenario,
): Promise<void> {
  const { workflow, name, body, steps, stoppedBy } = scenario;
  const { id: collaborationId } = await post<{ id: string }>(stack, '/v1/collaborations', {
    pattern: workflow,
    seed: '00ff', // the same order of seats in every recording
    ...body,
  });
  for (const [step, input] of steps) {
    await post(stack, pathOf(collaborationId, step), input);
  }
  const handle = temporal.client.workflow.getHandle(
    workflowIdOf({ pattern: workflow, collaborationId }),
  );
  await handle.result();
  const decision = await call<{ stoppedBy: string }>(
    stack,
    `/v1/collaborations/${collaborationId}/decision`,
  );
  if (decision.stoppedBy !== stoppedBy) {
    throw new Error(`${name}: stopped by ${decision.stoppedBy}, expected ${stoppedBy}`);
  }
  await write(scenario, await handle.fetchHistory());
}

async function recordSandboxRun(
  stack: Stack,
  temporal: TemporalConnection,
  scenario: SandboxScenario,
): Promise<void> {
  const { name, body, isCancelled, status } = scenario;
  const { id } = await post<{ id: string }>(stack, '/v1/sandbox/runs', body);
  if (isCancelled) await post(stack, `/v1/sandbox/runs/${id}/cancel`, {});
  const handle = temporal.client.workflow.getHandle(sandboxWorkflowIdOf(id));
  const end = (await handle.result()) as { status: string };
  if (end.status !== status) throw new Error(`${name}: ended ${end.status}, expected ${status}`);
  await write(scenario, await handle.fetchHistory());
}

async function write({ workflow, name }: Scenario, history: History): Promise<void> {
  const text = JSON.stringify(JSON.parse(historyToJSON(history)));
  await mkdir(join(histories, workflow), { recursive: true });
  await writeFile(join(histories, workflow, `${name}.json`), `${text}\n`);
  const events = history.events?.length ?? 0;
  process.stdout.write(`${workflow}/${name}: ${String(events)} events\n`);
}

function pathOf(collaborationId: string, step: string): string {
  const [, approval] = /^approvals\/(.+)$/.exec(step) ?? [];
  return approval === undefined
    ? `/v1/collaborations/${collaborationId}/${step}`
    : `/v1/approvals/${collaborationId}.${approval}`;
}

async function post<T>(stack: Stack, path: string, body: unknown): Promise<T> {
  return await call<T>(stack, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function call<T>(stack: Stack, path: string, init: RequestInit = {}): Promise<T> {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${stack.apiKey}`);
  const answer = await fetch(`${stack.apiAddress}${path}`, { ...init, headers });
  if (!answer.ok) throw new Error(`${path}: ${String(answer.status)} ${await answer.text()}`);
  return (await answer.json()) as T;
}
