import type { CommandSettings } from '../../domain/commands/command-settings.ts';

/**
 * Says which folder of a program this worker does not show, however its registration came to be.
 *
 * @param command - what the program may see
 * @param isGrantable - whether this worker shows a folder of its machine at all
 * @returns one sentence; `null` where all may be shown
 */
export function refusedGrant(
  { grants }: Pick<CommandSettings, 'grants'>,
  isGrantable: (host: string) => boolean,
): string | null {
  const refused = grants.find(({ host }) => !isGrantable(host));
  if (refused === undefined) return null;
  return `${refused.host}: not in a folder that programs may be granted here (CONCLAVE_COMMAND_FOLDERS)`;
}
