import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { CommandRun } from '../../../domain/sandbox/run.ts';

/** What a run of a test has other than usual. */
export type GivenCommand = Partial<Omit<CommandRun, 'lane' | 'argv' | 'limits'>> & {
  readonly limits?: Partial<SandboxLimits>;
};

const AMPLE_MS = 30_000;

/** A run of a command with usual limits and ample time, but for those named. */
export function command(
  argv: readonly string[],
  { limits = {}, ...rest }: GivenCommand = {},
): CommandRun {
  const nothing = { grants: [], env: {}, stdin: '', seed: 'seed', workFolder: '/work' };
  const complete = completeLimits({ timeMs: AMPLE_MS, ...limits });
  return { lane: 'command', argv, ...nothing, ...rest, limits: complete };
}

/** A run of a script of the shell. */
export function shellCommand(script: string, given: GivenCommand = {}): CommandRun {
  return command(['/bin/bash', '-c', script], given);
}
