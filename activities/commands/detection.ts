import type {
  DetectedCapabilities,
  DetectedProgram,
  DetectedVersion,
} from '../../domain/commands/detected-program.ts';
import { usualEnvironment } from '../../domain/commands/command-run.ts';
import type { CommandSettings } from '../../domain/commands/command-settings.ts';
import { workFolder } from '../../domain/commands/command-settings.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';
import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { CommandRun, Sandbox } from '../../domain/sandbox/run.ts';
import { ProviderFaultError } from '../models/fault.ts';
import { launched, type Launching } from './launching.ts';
import { refusedGrant } from './admission.ts';

/** What looking at a program needs. */
interface DetectionDeps {
  readonly sandbox: () => Promise<Sandbox>;
  readonly launching: Launching;
  readonly isGrantable: (host: string) => boolean;
}

/** A program that does not tell its version in this time is not waited for, milliseconds. */
const versionTimeMs = 20_000;
const versionOutputBytes = 64 * 1024;

/** Enough for one word, and what models think before it. */
const dryCallTokensMax = 2000;

/**
 * Asks a program for its version, without any way out and without any variable of the agent. Never throws.
 *
 * @param agent - the program
 * @param agent.command - where it is and what it may see
 * @param deps - where it runs
 * @param deps.sandbox - runs it
 * @param deps.launching - gives it the `node` that scripts need
 * @param deps.isGrantable - whether this worker shows a folder at all
 * @param signal - ends it
 */
export async function detectVersion(
  { command }: { readonly command: CommandSettings },
  { sandbox, launching, isGrantable }: DetectionDeps,
  signal: AbortSignal,
): Promise<DetectedVersion> {
  const absent = (detail: string): DetectedVersion => ({ isThere: false, version: null, detail });
  const refused = refusedGrant(command, isGrantable);
  if (refused !== null) return absent(refused);
  const run: CommandRun = {
    lane: 'command',
    argv: [command.path, '--version'],
    workFolder,
    limits: {
      ...completeLimits(command.limits),
      timeMs: versionTimeMs,
      processorMs: versionTimeMs,
      outputBytes: versionOutputBytes,
    },
    grants: command.grants,
    env: usualEnvironment,
    stdin: '',
    seed: 'version',
  };
  try {
    const ordered = launched(run, { files: {}, socketFolder: null }, launching);
    const result = await (await sandbox()).run(ordered, signal);
    const { status, reason, exitCode, stdout, stderr } = result;
    if (status === 'error') {
      const isMissing = exitCode === 126 || exitCode === 127;
      const code = `ended with the exit code ${String(exitCode)}`;
      return absent(`${command.path} ${isMissing ? 'cannot be run' : code}`);
    }
    if (status !== 'ok') return absent(`${command.path}: ${status}: ${reason}`);
    const version = versionIn(stdout) ?? versionIn(stderr);
    return { isThere: true, version, detail: version ?? 'it names no version' };
  } catch {
    return absent('the sandbox failed');
  }
}

/** The first thing in a text that looks like a version, at most 40 characters of it. */
function versionIn(text: string): string | null {
  return (
    /(?<![\w.])v?(\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?:[-+][\w.-]{1,20})?)/.exec(text)?.[1] ?? null
  );
}

/**
 * Asks a program for one word, to see that it answers and what it tells about it. It costs what a smallest call costs. Never
 * throws.
 */
export async function dryCall(
  connector: ModelConnector,
  signal: AbortSignal,
): Promise<DetectedCapabilities> {
  const start = performance.now();
  const latency = (): number => Math.round(performance.now() - start);
  try {
    const { usage, costMicrosUsd, command } = await connector.ask({
      system: '',
      parts: [{ kind: 'text', text: 'Reply with the single word: ready', stable: true }],
      schema: null,
      maxOutputTokens: dryCallTokensMax,
      signal,
    });
    return {
      isAnswering: true,
      hasUsage: usage.inputTokens !== null && usage.outputTokens !== null,
      hasCost: costMicrosUsd !== undefined,
      latencyMs: latency(),
      detail: `answered within ${String(command?.record.durationMs ?? latency())} ms`,
    };
  } catch (error) {
    const detail = error instanceof ProviderFaultError ? error.message : 'the call failed';
    const nothing = { hasUsage: false, hasCost: false };
    return { isAnswering: false, ...nothing, latencyMs: latency(), detail };
  }
}

/**
 * Finds out what is to be known of a program: its version and, unless its registration wants none, what a dry call shows.
 * Never throws.
 */
export async function detectProgram(
  { command, connector }: { readonly command: CommandSettings; readonly connector: ModelConnector },
  deps: DetectionDeps,
  signal: AbortSignal,
): Promise<DetectedProgram> {
  const found = await detectVersion({ command }, deps, signal);
  const isAsked = found.isThere && command.isDryCalled;
  return { ...found, capabilities: isAsked ? await dryCall(connector, signal) : null };
}
