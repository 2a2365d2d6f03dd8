import { createHash } from 'node:crypto';

import type { CommandOutcome } from '../../domain/commands/command-output.ts';
import { commandRun } from '../../domain/commands/command-run.ts';
import { commandProvider } from '../../domain/commands/command-settings.ts';
import type { CommandSettings } from '../../domain/commands/command-settings.ts';
import type {
  CommandRecord,
  CommandTrace,
  HostTraffic,
} from '../../domain/commands/command-trace.ts';
import { readCommandOutput } from '../../domain/commands/read-output.ts';
import type {
  Capabilities,
  ModelConnector,
  ModelReply,
  ModelRequest,
} from '../../domain/providers/model-connector.ts';
import { localFault, ProviderFaultError } from '../models/fault.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import { blotter } from './blotting.ts';
import { CommandFaultError } from './command-fault.ts';
import { detectVersion } from './detection.ts';
import { hostAndPort, type EgressRules } from './egress-rules.ts';
import { egressRules, grantedVariables, type GrantedTermsDeps } from './granted-terms.ts';
import { proxyUrl } from './launching.ts';
import { runProgram, type EndedRun, type ProgramRunDeps } from './program-run.ts';

/** What a command connector needs from outside. */
export type CommandConnectorDeps = AdmissionDeps & GrantedTermsDeps & ProgramRunDeps;

/** An agent that is a program. */
export interface CommandAgent {
  readonly tenantId: string;
  readonly name: string;
  /** What `{model}` stands for; programs that take none ignore it. */
  readonly model: string;
  readonly command: CommandSettings;
  readonly simulated: boolean;
}

/** A program takes text and gives text when it is done; how it keeps its prompts is its own affair. */
export const commandCapabilities: Capabilities = {
  streaming: false,
  structuredOutput: false,
  vision: false,
  systemPrompt: false,
  promptCaching: false,
};

/**
 * Makes the connector of an agent that is a program. Each `ask` runs the program once in a sandbox of its own; nothing
 * streams. A reply carries the trace of its run, and so does a `CommandFaultError`.
 */
export function createCommandConnector(
  agent: CommandAgent,
  deps: CommandConnectorDeps,
): ModelConnector {
  return {
    provider: commandProvider,
    model: agent.model,
    capabilities: commandCapabilities,
    simulated: agent.simulated,
    async ask(request) {
      const { outcome, trace } = await askOnce(agent, deps, request);
      if (outcome.kind === 'failed') throw new CommandFaultError(outcome, trace);
      return replyOf(agent, outcome, trace);
    },
    async probe(signal) {
      const start = performance.now();
      const found = await admit(agent, deps)
        .then(() => detectVersion(agent, deps, signal))
        .catch((refused: unknown) => ({ isThere: false, detail: (refused as Error).message }));
      const latencyMs = Math.round(performance.now() - start);
      return { status: found.isThere ? 'ok' : 'failing', latencyMs, detail: found.detail };
    },
  };
}

function replyOf(
  agent: CommandAgent,
  outcome: CommandOutcome & { kind: 'answered' },
  trace: CommandTrace,
): ModelReply {
  const { text, finish, usage, costMicrosUsd } = outcome;
  return {
    ...{ text, finish, usage },
    model: outcome.model ?? agent.model,
    ...(costMicrosUsd === null ? {} : { costMicrosUsd }),
    command: trace,
  };
}

async function askOnce(
  agent: CommandAgent,
  deps: CommandConnectorDeps,
  request: ModelRequest,
): Promise<{ readonly outcome: CommandOutcome; readonly trace: CommandTrace }> {
  const { command, name } = agent;
  await admit(agent, deps);
  const granted = grantedVariables(agent, deps);
  const egress = egressRules(agent, deps);
  const built = commandRun(command, {
    request,
    model: agent.model,
    baseUrl: egress === null ? '' : proxyUrl(deps.launching),
    granted,
    seed: seedOf(request),
  });
  if (built.kind === 'unfit') {
    throw new ProviderFaultError(localFault('bad-request', `agent ${name}: ${built.message}`));
  }
  const { run, files } = built;
  const { result, traffic } = await runProgram(deps, { run, files, egress }, request.signal);
  const blotted = blotter([...Object.values(granted), keyHeld(egress, command)]);
  const output = { ...result, stdout: blotted(result.stdout), stderr: blotted(result.stderr) };
  return {
    outcome: readCommandOutput(command.output, output),
    trace: {
      record: recordOf(command, granted, { result, traffic: traffic.map(namedBy(blotted)) }),
      stdout: output.stdout,
      stderr: output.stderr,
    },
  };
}

/** What stands before the key, `Bearer` for instance, is no secret. */
function keyHeld(egress: EgressRules | null, { network }: CommandSettings): string {
  const value = egress?.upstream?.key?.value ?? '';
  return value.slice(network.upstream?.prefix.length ?? 0);
}

/** Names of hosts are the program's to choose. */
function namedBy(blotted: (text: string) => string): (each: HostTraffic) => HostTraffic {
  return (each) => ({ ...each, host: blotted(each.host) });
}

function recordOf(
  command: CommandSettings,
  granted: Readonly<Record<string, string>>,
  { result, traffic }: EndedRun,
): CommandRecord {
  const { backend, status, exitCode, peakMemoryBytes } = result;
  const grantedVariables = Object.keys(granted).sort();
  const { grants, network } = command;
  const upstream = network.upstream === null ? [] : [hostAndPort(new URL(network.upstream.url))];
  return {
    backend,
    status,
    exitCode,
    durationMs: Math.round(result.durationMs),
    peakMemoryBytes,
    grants,
    hosts: [...network.hosts, ...upstream],
    grantedVariables,
    traffic,
  };
}

/** The same question has the same seed, so that a program that takes it does the same again. */
function seedOf({ system, parts }: ModelRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([system, parts]))
    .digest('hex');
}
