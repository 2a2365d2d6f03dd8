import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import type { Grant, SandboxResult } from '../../../domain/sandbox/run.ts';
import type { Canaries } from './canaries.ts';

/** What a probe asks to be run. */
export interface ProbeRun {
  readonly argv: readonly string[];
  readonly grants?: readonly Grant[];
  readonly limits?: Partial<SandboxLimits>;
}

/**
 * One attempt to get out, or to take more than is allowed. A sandbox that runs commands passes when no probe discovers
 * anything, as root and as a plain user.
 */
export interface Probe {
  readonly name: string;
  /** What it means when something is discovered. */
  readonly meaning: string;
  run(canaries: Canaries): ProbeRun;
  /** Whether the attempt came through: what the result, or the host, shows of it. */
  isDiscovery(result: SandboxResult, canaries: Canaries): boolean;
}

/** A Python program that writes `FOUND` where it got what it must not. */
export function python(...lines: string[]): readonly string[] {
  return ['/usr/bin/python3', '-I', '-c', [...prelude, ...lines].join('\n')];
}

const prelude = [
  'import ctypes, os, platform, socket, sys, time',
  'libc = ctypes.CDLL(None, use_errno=True)',
  'x86 = platform.machine() == "x86_64"',
  'def call(x86_number, arm_number, *args):',
  '    ctypes.set_errno(0)',
  '    got = libc.syscall(x86_number if x86 else arm_number, *args)',
  '    return got, ctypes.get_errno()',
  'def found(*what): print("FOUND", *what, flush=True)',
];

/** The same program as a snippet of Python. */
export function asSnippet(argv: readonly string[]): string {
  const [path, , option, program = ''] = argv;
  if (path === '/usr/bin/python3' && option === '-c') return `${program}\nNone`;
  return `import subprocess, sys\nsys.exit(subprocess.run(${JSON.stringify(argv)}).returncode)`;
}

/** What a snippet found, but for the channel of its own result. */
export function withoutChannel(result: SandboxResult): SandboxResult {
  return { ...result, stdout: result.stdout.replace(/^FOUND 3 (socket|host):\[\d+\]$/m, '') };
}

/** A script for the shell. */
export function shell(script: string): readonly string[] {
  return ['/bin/bash', '-c', script];
}

/** Whether a program wrote that it found something. */
export const saysFound = ({ stdout }: SandboxResult): boolean => stdout.includes('FOUND');
/** Whether the secret of the host is anywhere in the result. */
export const saysSecret = (result: SandboxResult, { secret }: Canaries): boolean =>
  JSON.stringify({ ...result, files: result.files.map(({ bytes }) => textOf(bytes)) }).includes(
    secret,
  );
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
