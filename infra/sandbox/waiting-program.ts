import type { Duplex } from 'node:stream';

import { bwrapArguments, descriptors } from './bwrap-arguments.ts';
import { makeCgroup } from './cgroup.ts';
import type { RunCgroup } from './cgroup.ts';
import type { ContainedRun } from './contained-run.ts';
import type { SandboxHost } from './host.ts';
import { awaitGone, killSandbox } from './kill.ts';
import { launch } from './launcher.ts';
import type { Ended, Launched } from './launcher.ts';

/** A program to be started, which then waits to be spoken to. */
export type WaitingStart = Pick<
  ContainedRun,
  'slot' | 'argv' | 'mounts' | 'env' | 'workFolder' | 'limits'
>;

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
  await host.turns();
  const cgroup = makeCgroup(host.cgroups, start.slot.name, start.limits);
  try {
    const launched = await launch({
      bwrap: host.bwrap,
      slot: start.slot,
      arguments: bwrapArguments(
        { ...start, system: host.system, isMemoryHeld: cgroup !== undefined },
        host.without,
      ),
      mounts: start.mounts.map(({ descriptor }) => descriptor),
      stagings: start.mounts.flatMap(({ staging }, index) =>
        staging === null ? [] : [{ ...staging, descriptor: descriptors.firstMount + index }],
      ),
      filter: host.filter,
      settings: host.settings,
      stdin: '',
      hasChannel: true,
      without: host.without,
      ...(cgroup === undefined ? {} : { enter: cgroup.add }),
    });
    await enter(cgroup, launched);
    launched.release();
    return programOf(launched, cgroup);
  } catch (error) {
    await cgroup?.remove();
    throw error;
  }
}

async function enter(cgroup: RunCgroup | undefined, launched: Launched): Promise<void> {
  try {
    if (cgroup?.pids().includes(launched.pid) === false) await cgroup.add(launched.pid);
  } catch (error) {
    killSandbox(launched);
    await programOf(launched, cgroup).end();
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
