import { closeSync } from 'node:fs';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';
import { openPath } from '../grants.ts';
import type { SandboxHost } from '../host.ts';
import { killSandbox } from '../kill.ts';
import { treeUsage } from '../process-tree.ts';
import type { OpenMount } from '../program-start.ts';
import { makeRunFolder, removeFolder } from '../run-folder.ts';
import { startWaiting } from '../waiting-program.ts';
import type { WaitingProgram } from '../waiting-program.ts';
import { engineCommand } from './engine-process.ts';
import type { EnginePlace, EngineProcess } from './engine-process.ts';
import { programFolder } from './engine-program.ts';
import type { EngineProgram } from './engine-program.ts';
import { snippetMemoryMax } from './javascript-lane.ts';

/** Where the program lies inside. */
const inside: EnginePlace = { executable: '/node', folder: `/engine/${programFolder}` };

/** The channel becomes standard input and output, which is all that the engine speaks by. */
const overChannel = ['/bin/bash', '-c', 'exec "$@" <&3 >&3 3>&-', 'engine'];

const mib = 1024 * 1024;
/** What a thread takes beside its snippet: Node's own heap, and the reading of the code. */
const threadBytes = 384 * mib;
const hundredYearsMs = 100 * 365 * 24 * 3600 * 1000;
const LOOK_MS = 500;
const WORDS_LENGTH = 500;

/**
 * Starts an engine locked in: no network, no environment, a user of its own, and of all files the system's, Node and the
 * engine's own program, to be read only.
 *
 * @param host - set up
 * @param program - see `layOutEngine`
 * @param slots - runs at a time
 * @param command - what runs inside; the engine but in the tests of its walls
 * @throws Error when it cannot be started
 */
export async function spawnContainedEngine(
  host: SandboxHost,
  program: EngineProgram,
  slots: number,
  command = engineCommand(slots, inside),
): Promise<EngineProcess> {
  const slot = await host.slots.take();
  const folder = makeRunFolder(slot);
  const mounts: OpenMount[] = [];
  const limits = engineLimits(slots);
  let waiting: WaitingProgram;
  try {
    mounts.push(openMount('/engine', program.folder), openMount(inside.executable, program.node));
    waiting = await startWaiting(host, {
      ...{ slot, folder, mounts, limits, env: {}, workFolder: '/tmp' },
      argv: [...overChannel, ...command],
    });
  } catch (error) {
    await removeFolder(folder);
    host.slots.give(slot);
    throw error;
  } finally {
    for (const { descriptor } of mounts) closeSync(descriptor);
  }
  return {
    input: waiting.channel,
    output: waiting.channel,
    ended: endOf(host, waiting, limits).finally(async () => {
      await removeFolder(folder);
      host.slots.give(slot);
    }),
    kill: () => {
      killSandbox(waiting.launched);
    },
  };
}

/** What bounds an engine gone wild; what its snippets may use, it sees to itself. */
function engineLimits(slots: number): SandboxLimits {
  const threads = slots + 1;
  return completeLimits({
    processorMs: hundredYearsMs,
    memoryBytes: threads * (snippetMemoryMax + threadBytes),
    processes: 32 + 2 * threads,
    diskBytes: 0,
  });
}

function openMount(path: string, host: string): OpenMount {
  const opened = openPath(host);
  if (opened.kind === 'refused') throw new Error(`JavaScript engine: ${opened.reason}`);
  return { path, isWritable: false, descriptor: opened.descriptor, staging: null };
}

async function endOf(
  { runtime }: SandboxHost,
  waiting: WaitingProgram,
  { memoryBytes }: SandboxLimits,
): Promise<string> {
  const usage = runtime?.usage ?? treeUsage;
  const { launched, cgroup } = waiting;
  const { stdout, stderr } = launched;
  let words = '';
  stdout.resume();
  stderr.on('data', (bytes: Buffer) => {
    if (words.length < WORDS_LENGTH) words += bytes.toString('utf8');
  });
  const look = async (): Promise<void> => {
    const used = await usage(launched.pid);
    if ((used.memoryBytes ?? 0) > memoryBytes) killSandbox(launched);
  };
  const watch = setInterval(() => void look(), LOOK_MS);
  if (cgroup !== undefined) clearInterval(watch);
  try {
    const { exitCode } = await waiting.end();
    const how = exitCode === null ? 'killed' : `exit code ${exitCode}`;
    return words === '' ? how : `${how}: ${words.slice(0, WORDS_LENGTH).trim()}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(watch);
    await waiting.clear().catch(() => undefined);
  }
}
