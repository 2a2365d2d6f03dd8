import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

import type { Ended, Launched } from '../launcher.ts';
import type { DockerEngine } from './docker-engine.ts';
import type { ContainerUsage } from './docker-usage.ts';

/** A call of `docker run` that was started. */
export interface DockerLaunch {
  readonly engine: DockerEngine;
  readonly child: ChildProcess;
  /** Of its container. */
  readonly name: string;
  /** Is told the container's first process. */
  readonly usage: ContainerUsage;
}

const KILL_AGAIN_MS = 200;
const LOOK_MS = 100;
const STARTED_MS = 20_000;

/**
 * Waits until a container has started, or its call has ended, so that its limits count from its first step.
 *
 * @throws Error where the call cannot be made
 */
export async function dockerLaunch({
  engine,
  child,
  name,
  usage,
}: DockerLaunch): Promise<Launched> {
  const { stdout, stderr } = child;
  const isStarted = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const closed = new Promise<void>((resolve) => child.once('close', resolve));
  await isStarted;
  const { pid } = child;
  if (stdout === null || stderr === null || pid === undefined) throw new Error('pipes expected');
  let isOutOfMemory = false;
  let isOver = false;
  let killing: Promise<void> | undefined;
  // Again, until it is gone: the engine may not have made it yet.
  const killUntilOver = async (): Promise<void> => {
    while (!isOver) {
      await engine.kill(name);
      await Promise.race([wait(KILL_AGAIN_MS), closed]);
    }
  };
  const kill = (): void => {
    if (!isOver) killing ??= killUntilOver();
  };
  let hasStarted = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    hasStarted = resolve;
  });
  const stopListening = engine.follow(name, {
    onStart: () => {
      hasStarted();
      void engine.processOf(name).then((first) => {
        if (!isOver) usage.note(pid, first);
      });
    },
    onOutOfMemory: () => {
      isOutOfMemory = true;
      kill();
    },
  });
  const looking = setInterval(() => {
    if (!usage.isOutOfMemory(pid)) return;
    isOutOfMemory = true;
    kill();
  }, LOOK_MS);
  const ended = closed.then(async () => {
    stopListening();
    clearInterval(looking);
    isOver = true;
    usage.forget(pid);
    return await endOf(engine, name, isOutOfMemory);
  });
  ended.catch(() => undefined); // whoever waits for it is told
  // An engine that tells of no start is waited for no longer; the run's own limits hold from then on.
  const late = setTimeout(hasStarted, STARTED_MS);
  await Promise.race([started, closed]);
  clearTimeout(late);
  return {
    ...{ monitorPid: process.pid, pid, stdout, stderr, channel: null, ended },
    release: () => undefined,
    kill,
  };
}

async function endOf(engine: DockerEngine, name: string, wasTold: boolean): Promise<Ended> {
  try {
    const end = await engine.endOf(name);
    if (end === undefined) throw new Error('docker: made no container');
    if (end.fault !== '') throw new Error(`docker: ${end.fault}`);
    if (!wasTold && !end.isOutOfMemory) return { exitCode: end.exitCode };
    const reason = 'used more memory than memoryBytes, as the kernel told';
    return { exitCode: end.exitCode, breach: { status: 'memory', reason } };
  } finally {
    await engine.remove(name);
  }
}
