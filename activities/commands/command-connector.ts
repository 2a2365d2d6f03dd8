import { createHash } from 'node:crypto';
import { join } from 'node:path';

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
  ProviderFault,
} from '../../domain/providers/model-connector.ts';
import type { CommandRun, Sandbox, SandboxResult } from '../../domain/sandbox/run.ts';
import { localFault, ProviderFaultError } from '../models/fault.ts';
import { CommandFaultError } from './command-fault.ts';
import { detectVersion } from './detection.ts';
import { startEgressProxy, type EgressProxy } from './egress-proxy.ts';
import { hostAndPort, type EgressRules } from './egress-rules.ts';
import { launched, proxyUrl, socketName, type Launching } from './launching.ts';
import { refusedGrant } from './refused-grant.ts';

/** What a command connector needs from outside. */
export interface CommandConnectorDeps {
  /** Gives what programs are run in, made with the first of them. */
  readonly sandbox: () => Promise<Sandbox>;
  readonly launching: Launching;
  /** Gives a variable's value, or `undefined` where it is not set. */
  secret(name: string): string | undefined;
  /** Says whether a program's requests may be handed to this address, its agent's upstream; asked before every run. */
  allowedHosts(url: URL): boolean;
  /**
   * Says whether a program may reach this address as it is; asked before every run for every host that its agent names. In local
   * mode too this machine is not among them by itself: databases and others listen here that trust whoever is near.
   */
  namedHosts(url: URL): boolean;
  /** Says whether this worker shows a folder of its machine to programs at all; asked before every run for every grant. */
  readonly isGrantable: (host: string) => boolean;
  /** Makes a new folder of this machine for a socket, its path below 90 bytes, and says how to remove it with what is in it. */
  makeFolder(): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

/** An agent that is a program. */
export interface CommandAgent {
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
      const found = await detectVersion(agent, deps, signal);
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
  refuseGrants(agent, deps);
  const granted = grantedVariables(agent, deps);
  const egress = egressRules(agent, deps);
  const built = commandRun(command, {
    request,
    model: agent.model,
    baseUrl: egress === null ? '' : proxyUrl(deps.launching),
    granted,
    seed: seedOf(request),
  });
  if (built.kind === 'unfit') throw fault('bad-request', `agent ${name}: ${built.message}`);
  const { result, traffic } = await runWithWayOut(deps, built, egress, request.signal);
  const blotted = blotter([...Object.values(granted), ...keyIn(egress)]);
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

/** Runs it, with a proxy for as long as it runs where it may reach anything. */
async function runWithWayOut(
  deps: CommandConnectorDeps,
  { run, files }: { readonly run: CommandRun; readonly files: Readonly<Record<string, string>> },
  egress: EgressRules | null,
  signal: AbortSignal,
): Promise<{ readonly result: SandboxResult; readonly traffic: readonly HostTraffic[] }> {
  if (egress === null) {
    const ordered = launched(run, { files, socketFolder: null }, deps.launching);
    return { result: await runOnce(deps, ordered, signal), traffic: [] };
  }
  const folder = await deps.makeFolder();
  let proxy: EgressProxy | undefined;
  try {
    proxy = await startEgressProxy(egress, join(folder.path, socketName));
    const ordered = launched(run, { files, socketFolder: folder.path }, deps.launching);
    const result = await runOnce(deps, ordered, signal);
    return { result, traffic: proxy.traffic() };
  } finally {
    await proxy?.close();
    await folder.remove();
  }
}

async function runOnce(
  deps: CommandConnectorDeps,
  run: CommandRun,
  signal: AbortSignal,
): Promise<SandboxResult> {
  if (signal.aborted) throw fault('cancelled', 'the call was cancelled');
  const sandbox = await deps.sandbox().catch((cause: unknown) => {
    throw passing('the sandbox cannot be made', { isUnsent: true }, cause);
  });
  // Another worker may be on a machine that protects.
  if (sandbox.backend.name === 'deny') {
    throw passing((await sandbox.run(run, signal)).reason, { isUnsent: true });
  }
  const result = await sandbox.run(run, signal).catch((cause: unknown) => {
    throw passing('the sandbox failed', { mayHaveCost: true }, cause);
  });
  // What ended it was not us: that is a crash.
  const isCrash = result.status === 'killed' && !signal.aborted;
  return isCrash ? { ...result, status: 'error' } : result;
}

/** A fault of this machine: another try may go better. */
function passing(
  message: string,
  paid: Pick<ProviderFault, 'isUnsent' | 'mayHaveCost'>,
  cause?: unknown,
): ProviderFaultError {
  const unknown = { ...localFault('unknown', message), ...paid };
  return new ProviderFaultError({ ...unknown, disposition: 'retry-now' }, { cause });
}

function refuseGrants({ name, command }: CommandAgent, deps: CommandConnectorDeps): void {
  const refused = refusedGrant(command, deps.isGrantable);
  if (refused !== null) throw fault('bad-request', `agent ${name}: ${refused}`);
}

function grantedVariables(
  { name, command }: CommandAgent,
  deps: CommandConnectorDeps,
): Record<string, string> {
  const names = Object.values(command.environment).flatMap((value) =>
    typeof value === 'string' ? [] : [value.from],
  );
  const entries = names.map((from) => [from, secretOf(from, name, deps)] as const);
  return Object.fromEntries(entries);
}

function egressRules(
  { name, command: { network } }: CommandAgent,
  deps: CommandConnectorDeps,
): EgressRules | null {
  const { hosts, upstream } = network;
  if (hosts.length === 0 && upstream === null) return null;
  const refused =
    hosts.map(urlOf).find((url) => !deps.namedHosts(url)) ??
    (upstream === null ? [] : [new URL(upstream.url)]).find((url) => !deps.allowedHosts(url));
  if (refused !== undefined) {
    const list = 'not on the list of hosts that may be called (CONCLAVE_ALLOWED_HOSTS)';
    throw fault('host-not-allowed', `agent ${name}: ${refused.host}: ${list}`);
  }
  if (upstream === null) return { hosts, upstream };
  const { url, header, prefix, from } = upstream;
  const key = from === null ? null : { header, value: prefix + secretOf(from, name, deps) };
  return { hosts, upstream: { url, key } };
}

/** Port 443 is what TLS goes to; everything else is asked for as plain HTTP. */
function urlOf(host: string): URL {
  return new URL(`${host.endsWith(':443') ? 'https' : 'http'}://${host}`);
}

function secretOf(variable: string, agent: string, deps: CommandConnectorDeps): string {
  const value = deps.secret(variable);
  if (value !== undefined && value !== '') return value;
  throw fault('key-missing', `${variable}: not set; agent ${agent} needs it`);
}

function keyIn(egress: EgressRules | null): readonly string[] {
  const value = egress?.upstream?.key?.value ?? '';
  // The word before the key, `Bearer` for instance, is no secret.
  return [value.slice(value.lastIndexOf(' ') + 1)];
}

/** Shortest value that is blotted out: what is shorter is everywhere. */
const secretCharactersMin = 6;

/**
 * A program that was given a key may print it, or ask for a host of that name; nothing that is kept may hold it. What it
 * disguises, by an encoding for instance, is not known.
 */
function blotter(secrets: readonly string[]): (text: string) => string {
  const long = secrets
    .filter((secret) => secret.length >= secretCharactersMin)
    .flatMap((secret) => [secret, secret.toLowerCase()]);
  return (text) => long.reduce((rest, secret) => rest.replaceAll(secret, '[blotted out]'), text);
}

/** Names of hosts are the program's to choose. */
function namedBy(blotted: (text: string) => string): (each: HostTraffic) => HostTraffic {
  return (each) => ({ ...each, host: blotted(each.host) });
}

function recordOf(
  command: CommandSettings,
  granted: Readonly<Record<string, string>>,
  { result, traffic }: { readonly result: SandboxResult; readonly traffic: readonly HostTraffic[] },
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

function fault(code: ProviderFault['code'], message: string): ProviderFaultError {
  return new ProviderFaultError(localFault(code, message));
}
