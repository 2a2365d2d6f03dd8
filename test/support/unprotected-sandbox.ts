import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type {
  CommandRun,
  Sandbox,
  SandboxResult,
  SandboxRun,
  SandboxStatus,
} from '../../domain/sandbox/run.ts';

/**
 * Runs commands as plain children of this process, WITHOUT ANY PROTECTION: only for tests of what is done with their
 * output, and only with programs of ours. It keeps limits of time and output; paths inside that stand in arguments, variables
 * and file names become those of the host.
 */
export function createUnprotectedSandbox(): Sandbox & { readonly runs: readonly SandboxRun[] } {
  const runs: SandboxRun[] = [];
  const backend = { name: 'unprotected, for tests only', version: '0', proven: [] };
  return {
    backend,
    runs,
    run: async (run, signal) => {
      if (run.lane !== 'command') throw new Error(`lane: got ${run.lane}, expected command`);
      runs.push(run);
      const folder = await mkdtemp(join(tmpdir(), 'conclave-run-'));
      try {
        return { ...(await runChild(run, folder, signal)), backend };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    close: () => Promise.resolve(),
  };
}

async function runChild(
  run: CommandRun,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Omit<SandboxResult, 'backend'>> {
  const start = performance.now();
  const outside = translation(run, folder);
  const [program = '', ...rest] = run.argv.map(outside);
  const variables = Object.entries(run.env).map(([name, value]) => [name, outside(value)]);
  const env = { PATH: '/usr/bin:/bin', ...Object.fromEntries(variables) } as Record<string, string>;
  const child = spawn(program, rest, { cwd: folder, env, detached: true });
  const stopped = watch(child, run, signal);
  child.stdin.on('error', () => undefined);
  child.stdin.end(run.stdin);
  const { exitCode, error } = await ended(child);
  const { status, stdout, stderr } = stopped();
  return {
    status: status ?? (exitCode === 0 ? 'ok' : 'error'),
    reason: error,
    exitCode: status === null ? exitCode : null,
    value: null,
    stdout,
    stderr,
    isTruncated: status === 'output',
    fuelUsed: null,
    peakMemoryBytes: null,
    durationMs: Math.round(performance.now() - start),
    diff: null,
    files: [],
  };
}

/** What is on this machine under the same path is left alone: this house may itself lie below a folder of that name. */
function translation(run: CommandRun, folder: string): (text: string) => string {
  return (text) => {
    if (text === run.workFolder) return folder;
    if (existsSync(text)) return text;
    return run.grants.reduce(
      (rest, { path, host }) => rest.replaceAll(path, host),
      text.replaceAll(run.workFolder, folder),
    );
  };
}

/** Watches a child's time and output; the answer says what ended it, and what it printed. */
function watch(
  child: ChildProcess,
  run: CommandRun,
  signal: AbortSignal | undefined,
): () => { status: SandboxStatus | null; stdout: string; stderr: string } {
  const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let status: SandboxStatus | null = null;
  let bytes = 0;
  const end = (as: SandboxStatus): void => {
    status ??= as;
    // With its own group it goes with its children.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  const cancel = (): void => {
    end('killed');
  };
  const timer = setTimeout(() => {
    end('timeout');
  }, run.limits.timeMs);
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      const room = Math.max(0, run.limits.outputBytes - bytes);
      streams[name].push(chunk.subarray(0, room));
      bytes += chunk.length;
      if (bytes > run.limits.outputBytes) end('output');
    });
  }
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
    const text = (name: 'stdout' | 'stderr'): string => Buffer.concat(streams[name]).toString();
    return { status, stdout: text('stdout'), stderr: text('stderr') };
  };
}

async function ended(child: ChildProcess): Promise<{ exitCode: number | null; error: string }> {
  return await new Promise((resolve) => {
    child.on('error', (error) => {
      resolve({ exitCode: 127, error: error.message });
    });
    child.on('close', (exitCode) => {
      resolve({ exitCode, error: '' });
    });
  });
}
