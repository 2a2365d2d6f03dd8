import type { Duplex } from 'node:stream';

import { makeCgroup } from './cgroup.ts';
import type { RunCgroup } from './cgroup.ts';
import type { SandboxHost } from './host.ts';
import { awaitGone } from './kill.ts';
import type { Ended, Launched } from './launcher.ts';
import { cgroupLimits, startProgram } from './program-start.ts';
import type { ProgramStart } from './program-start.ts';

/** A program to be started, which then waits to be spoken to. */
export type WaitingStart = Omit<ProgramStart, 'stdin' | 'hasChannel'>;

/** A program in a sandbox that is spoken to over its descriptor 3. What ends it is up to whoever started it. */
export interface WaitingProgram {
  readonly launched: Launched;
  readonly cgroup: RunCgroup | undefined;
  /** Where it is spoken to. */
  readonly channel: Duplex;
  /** Waits for its end, of itself or killed: nothing of it lives then. Its output may still be read. */
  end(): Promise<Ended>;
  /** Takes away what is left of one that has ended. */
  clear(): Promise<void>;
}

/**
 * Starts a program that waits.
 *
 * @throws Error when it does not come to be; nothing is left of it then
 */
export async function startWaiting(
  host: SandboxHost,
  start: WaitingStart,
): Promise<WaitingProgram> {
  const cgroup = makeCgroup(host.cgroups, start.slot.name, cgroupLimits(host, start.limits));
  try {
    const program = { ...start, stdin: '', hasChannel: true };
    const launched = await startProgram(host, program, cgroup);
    launched.release();
    return programOf(launched, cgroup);
  } catch (error) {
    await cgroup?.remove();
    throw error;
  }
}

function programOf(launched: Launched, cgroup: RunCgroup | undefined): WaitingProgram {
  const { ended, pid, stdout, stderr, channel } = launched;
  if (channel === null) throw new Error('a channel expected');
  return {
    launched,
    cgroup,
    channel,
    end: async () => {
      const end = await ended;
      await awaitGone(pid, cgroup);
      return end;
    },
    clear: async () => {
      for (const stream of [stdout, stderr, channel]) stream.destroy();
      await cgroup?.remove();
    },
  };
}
