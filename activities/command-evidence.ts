import type { CommandTrace } from '../domain/commands/command-trace.ts';
import type { CommandEvidence, TurnContent } from '../domain/ledger/event.ts';
import { CommandFaultError } from './commands/command-fault.ts';
import type { ProviderFaultError } from './models/fault.ts';
import type { AskingDeps } from './turn-answer.ts';

/**
 * Keeps what programs printed as artifacts, and gives what is told of their runs.
 *
 * @param artifacts - where the output goes
 * @param key - the turn
 * @param key.tenantId - whose it is
 * @param traces - in the order of the calls
 * @returns nothing to tell where no program ran
 */
export async function commandEvidence(
  artifacts: AskingDeps['artifacts'],
  { tenantId }: { readonly tenantId: string },
  traces: readonly CommandTrace[],
): Promise<Pick<TurnContent, 'commands'>> {
  if (traces.length === 0) return {};
  const commands = traces.map(async (trace): Promise<CommandEvidence> => {
    return { ...trace.record, output: await keepPrinted(artifacts, tenantId, trace) };
  });
  return { commands: await Promise.all(commands) };
}

/**
 * Keeps what a program printed that failed, and says where: whoever mends it has to see it, and no event has a place for it.
 *
 * @param artifacts - where the output goes
 * @param tenantId - whose it is
 * @param error - what a call met
 * @returns fields for the log, without anything that the program wrote; `null` where no program ran, or somebody stopped it
 */
export async function failedProgram(
  artifacts: AskingDeps['artifacts'],
  tenantId: string,
  error: ProviderFaultError,
): Promise<Readonly<Record<string, unknown>> | null> {
  const failed = error instanceof CommandFaultError ? error : error.cause;
  if (!(failed instanceof CommandFaultError) || failed.failure.reason === 'cancelled') return null;
  const { trace, failure } = failed;
  const { status, exitCode, durationMs, peakMemoryBytes } = trace.record;
  // A store that is away must not make the failure another one.
  const output = await keepPrinted(artifacts, tenantId, trace).catch(() => null);
  return { reason: failure.reason, status, exitCode, durationMs, peakMemoryBytes, output };
}

async function keepPrinted(
  artifacts: AskingDeps['artifacts'],
  tenantId: string,
  { stdout, stderr }: CommandTrace,
): Promise<CommandEvidence['output']> {
  const bytes = new TextEncoder().encode(JSON.stringify({ stdout, stderr }));
  const { sha256 } = await artifacts.put(tenantId, bytes, 'application/json');
  return { artifact: sha256, bytes: bytes.byteLength };
}
