import type { CommandSettings } from '../../domain/commands/command-settings.ts';
import { localFault, ProviderFaultError } from '../models/fault.ts';
import { passingFault } from './command-fault.ts';

/** What knows whether a program may run at all; asked before every run, however its registration came to be. */
export interface AdmissionDeps {
  /** Says whether a tenant may run code now: what was granted may have been taken back since. */
  mayRunCode(tenantId: string): Promise<boolean>;
  /** Says whether this worker shows a folder of its machine to programs at all. */
  readonly isGrantable: (host: string) => boolean;
}

/** A program that wants to run. */
interface Applicant {
  readonly tenantId: string;
  /** The agent's name. */
  readonly name: string;
  readonly command: Pick<CommandSettings, 'grants'>;
}

/**
 * Lets a program run, or says why not.
 *
 * @throws ProviderFaultError with `not-permitted` where its tenant may not run code, with `bad-request` for a folder that is
 *   not shown here; one that may pass where nobody can say
 */
export async function admit(
  { tenantId, name, command }: Applicant,
  deps: AdmissionDeps,
): Promise<void> {
  const mayRun = await deps.mayRunCode(tenantId).catch((cause: unknown) => {
    throw passingFault('whether its tenant may run code cannot be read', { isUnsent: true }, cause);
  });
  if (!mayRun) {
    const message = `agent ${name} is a program, and its tenant may not run code; whoever runs this installation can allow it`;
    throw new ProviderFaultError({ ...localFault('not-permitted', message), isUnsent: true });
  }
  const refused = command.grants.find(({ host }) => !deps.isGrantable(host));
  if (refused === undefined) return;
  const message = `agent ${name}: ${refused.host}: not in a folder that programs may be granted here (CONCLAVE_COMMAND_FOLDERS)`;
  throw new ProviderFaultError(localFault('bad-request', message));
}
