import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import type { RunCgroup } from './cgroup.ts';
import type { SandboxHost } from './host.ts';
import { awaitGone, killSandbox } from './kill.ts';
import type { Launched } from './launcher.ts';
import { namelessBytes } from './nameless-files.ts';
import { collectOutput } from './output.ts';
import type { Output } from './output.ts';
import { followTemporaryFiles } from './temporary-files.ts';
import { watch } from './watchdogs.ts';
import type { Breach } from './watchdogs.ts';

/** A program that waits to begin, and what bounds it. */
export interface FollowedProgram {
  readonly launched: Launched;
  readonly cgroup: RunCgroup | undefined;
  readonly limits: SandboxLimits;
  /** Bytes written into folders of the host so far; it may stop counting where that is more than enough. */
  readonly writtenBytes: (enough: number) => Promise<number>;
  /** Bytes in files without a name that are not of the program's writing; 0 unless given. */
  readonly givenBytes?: number;
  readonly signal: AbortSignal | undefined;
  /** Lets it begin. */
  readonly begin: () => void;
}

/** What came of it; nothing of the program lives any more. */
export interface ContainedResult {
  readonly breach: Breach | undefined;
  readonly exitCode: number | null;
  readonly output: Output;
  readonly peakMemoryBytes: number | null;
  readonly durationMs: number;
}

/**
 * Lets a program begin and watches it to its end, of itself or at the first limit that it exceeds.
 *
 * @throws Error for a fault of the host; nothing of the program lives then either
 */
export async function followToEnd(
  { without, runtime }: SandboxHost,
  followed: FollowedProgram,
): Promise<ContainedResult> {
  const { launched, cgroup, limits, writtenBytes, givenBytes = 0, signal, begin } = followed;
  const { pid } = launched;
  const end = (): void => {
    killSandbox(launched);
  };
  const temporary = followTemporaryFiles(pid);
  const unnamed = async (): Promise<number> =>
    launched.writtenBytes === undefined
      ? Math.max(0, (await namelessBytes(pid, temporary.devices())) - givenBytes)
      : await launched.writtenBytes();
  let excess: Breach | undefined;
  const output = collectOutput(launched, limits.outputBytes, () => {
    if (without.has('output-limit')) return;
    const reason = `wrote more than outputBytes, ${limits.outputBytes} bytes`;
    excess = { status: 'output', reason };
    end();
  });
  const watchdogs = watch(
    {
      ...{ pid, limits, cgroup, signal, without },
      ...(runtime === undefined ? {} : { usage: runtime.usage }),
      writtenBytes: async () =>
        temporary.size() + (await unnamed()) + (await writtenBytes(limits.diskBytes)),
    },
    end,
  );
  try {
    const started = performance.now();
    begin();
    const { exitCode, breach: told } = await launched.ended;
    await awaitGone(pid, cgroup);
    await output.ended;
    const durationMs = performance.now() - started;
    const { breach, peakMemoryBytes } = await watchdogs.end();
    const first = excess ?? breach ?? told;
    return {
      breach: first,
      exitCode: first === undefined ? exitCode : null,
      output: output.read(),
      peakMemoryBytes,
      durationMs,
    };
  } catch (error) {
    await watchdogs.end();
    throw error;
  } finally {
    end();
    await awaitGone(pid, cgroup);
    temporary.close();
    output.cut();
  }
}
