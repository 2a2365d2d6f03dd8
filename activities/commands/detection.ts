import type {
  DetectedCapabilities,
  DetectedProgram,
  DetectedVersion,
} from '../../domain/commands/detected-program.ts';
import { usualEnvironment } from '../../domain/commands/command-run.ts';
import type { CommandSettings } from '../../domain/commands/command-settings.ts';
import { workFolder } from '../../domain/commands/command-settings.ts';
import type { ModelConnector, ProviderFault } from '../../domain/providers/model-connector.ts';
import { completeLimits } from '../../domain/sandbox/limits.ts';
import type { CommandRun } from '../../domain/sandbox/run.ts';
import { ProviderFaultError } from '../models/fault.ts';
import { admit, type AdmissionDeps } from './admission.ts';
import { launched } from './launching.ts';
import { sandboxOf, type ProgramRunDeps } from './program-run.ts';

/** What looking at a program needs: where it runs, and the `node` that scripts need. */
type DetectionDeps = Pick<ProgramRunDeps, 'sandbox' | 'launching'>;

/** A program that is looked at. */
interface Candidate {
  readonly tenantId: string;
  /** The agent's name. */
  readonly name: string;
  readonly command: CommandSettings;
  /** Asks it. */
  readonly connector: ModelConnector;
}

/**
 * A program may take so long to tell its version, milliseconds. Copies before that and changes after it may take as long each: it
 * is waited for up to a minute.
 */
const versionTimeMs = 20_000;
const versionOutputBytes = 64 * 1024;

/** Enough for one word, and what models think before it. */
const dryCallTokensMax = 2000;

/**
 * Asks a program that was admitted for its version, without any way out and without any variable of the agent.
 *
 * @param agent - the program
 * @param agent.command - where it is and what it may see
 * @param deps - where it runs
 * @param signal - ends it
 * @throws ProviderFaultError that may pass where there is no sandbox; everything else is told
 */
export async function detectVersion(
  { command }: Pick<Candidate, 'command'>,
  deps: DetectionDeps,
  signal: AbortSignal,
): Promise<DetectedVersion> {
  const sandbox = await sandboxOf(deps);
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
    const ordered = launched(run, { files: {}, socketFolder: null }, deps.launching);
    const result = await sandbox.run(ordered, signal);
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

function absent(detail: string): DetectedVersion {
  return { isThere: false, version: null, detail };
}

/** The first thing in a text that looks like a version, at most 40 characters of it. */
function versionIn(text: string): string | null {
  return (
    /(?<![\w.])v?(\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?:[-+][\w.-]{1,20})?)/.exec(text)?.[1] ?? null
  );
}

/**
 * Asks a program for one word, to see that it answers and what it tells about it. It costs what a smallest call costs.
 *
 * @throws ProviderFaultError that says nothing of the program, see {@link detectProgram}; every other failure is told
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
    const isFault = error instanceof ProviderFaultError;
    if (isFault && !isAboutProgram(error.fault)) throw error;
    const detail = isFault ? error.message : 'the call failed';
    const nothing = { hasUsage: false, hasCost: false };
    return { isAnswering: false, ...nothing, latencyMs: latency(), detail };
  }
}

/** Whether a fault tells of the program, and not of who may run it or of a worker that could not try. */
function isAboutProgram({ code, disposition, isUnsent }: ProviderFault): boolean {
  const isUntried = disposition === 'retry-now' && isUnsent === true;
  return code !== 'not-permitted' && !isUntried;
}

/**
 * Finds out what is to be known of a program: its version and, unless its registration wants none, what a dry call shows.
 *
 * @returns `null` where nothing can be said of it now: its tenant may not run code, or what it takes to run it is away
 */
export async function detectProgram(
  candidate: Candidate,
  deps: DetectionDeps & AdmissionDeps,
  signal: AbortSignal,
): Promise<DetectedProgram | null> {
  const { command, connector } = candidate;
  try {
    await admit(candidate, deps);
    const found = await detectVersion(candidate, deps, signal);
    const isAsked = found.isThere && command.isDryCalled;
    return { ...found, capabilities: isAsked ? await dryCall(connector, signal) : null };
  } catch (error) {
    if (!(error instanceof ProviderFaultError)) throw error;
    return isAboutProgram(error.fault) ? { ...absent(error.message), capabilities: null } : null;
  }
}
