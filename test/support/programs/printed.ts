import { readFileSync } from 'node:fs';

import type { CommandOutput } from '../../../domain/commands/command-output.ts';

/** Gives what a real program printed, kept in a file. */
export function printedBy(name: string): string {
  return readFileSync(new URL(`outputs/${name}.txt`, import.meta.url), 'utf8');
}

/** Makes what a program left that ended well; fields say what else. */
export function outputOf(stdout: string, fields: Partial<CommandOutput> = {}): CommandOutput {
  return {
    status: 'ok',
    reason: '',
    exitCode: 0,
    stdout,
    stderr: '',
    isTruncated: false,
    ...fields,
  };
}

/** Makes what a program left that ended with an exit code. */
export function failedWith(
  exitCode: number | null,
  fields: Partial<CommandOutput> = {},
): CommandOutput {
  return { ...outputOf(''), status: 'error', exitCode, ...fields };
}
