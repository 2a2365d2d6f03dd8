import type { CommandTrace } from '../domain/commands/command-trace.ts';
import type { CommandEvidence, TurnContent } from '../domain/ledger/event.ts';
import type { AskingDeps } from './turn-answer.ts';

/**
 * Keeps what programs printed as artifacts, and gives what is told of their runs.
 *
 * @param artifacts - where the output goes
 * @param key - whose it is
 * @param traces - in the order of the calls
 * @returns nothing to tell where no program ran
 */
export async function commandEvidence(
  artifacts: AskingDeps['artifacts'],
  { tenantId }: { readonly tenantId: string },
  traces: readonly CommandTrace[],
): Promise<Pick<TurnContent, 'commands'>> {
  if (traces.length === 0) return {};
  const commands = traces.map(async ({ record, stdout, stderr }): Promise<CommandEvidence> => {
    const bytes = new TextEncoder().encode(JSON.stringify({ stdout, stderr }));
    const { sha256 } = await artifacts.put(tenantId, bytes, 'application/json');
    return { ...record, output: { artifact: sha256, bytes: bytes.byteLength } };
  });
  return { commands: await Promise.all(commands) };
}
