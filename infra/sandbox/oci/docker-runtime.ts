import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { identifyProcess } from '../../stack/process-identity.ts';
import { variablesOf } from '../bwrap-arguments.ts';
import { makeInnerPlace } from '../inner-path.ts';
import { StagingFault } from '../launcher.ts';
import type { ContainerRuntime, ProgramStart } from '../program-start.ts';
import { fullyProtected } from '../protections.ts';
import type { Slot } from '../slots.ts';
import { entryName } from './bundle.ts';
import { dockerArguments, isSayableToDocker } from './docker-arguments.ts';
import type { DockerMount } from './docker-arguments.ts';
import type { DockerEngine } from './docker-engine.ts';
import { dockerLaunch } from './docker-launch.ts';
import { containerUsage } from './docker-usage.ts';
import { makeTemporaryFolders, temporaryBytes } from './temporary-folders.ts';

/** What containers are made of. */
export interface DockerOptions {
  readonly engine: DockerEngine;
  readonly image: string;
  /** Name of the runtime; null for the engine's usual one. */
  readonly runtime: string | null;
  /** The first program inside, see `guestEntry`. */
  readonly entry: Uint8Array;
}

/** Labels of a container: that it is ours, and which process is its owner. */
export const dockerLabels = { ours: 'conclave.sandbox', owner: 'conclave.owner' } as const;

/** What the label of the owner says of this process. */
export function ownOwner(): string {
  return `${process.pid}:${identifyProcess(process.pid) ?? ''}`;
}

/**
 * Makes what runs programs in containers of a Docker engine. Its processes are the engine's children, not ours: they are ended
 * by asking it, and their memory is counted and limited by it alone.
 */
export function dockerRuntime({ engine, image, runtime, entry }: DockerOptions): ContainerRuntime {
  const usage = containerUsage(runtime);
  return {
    ownMemoryBytes: 0,
    ownProcesses: 0,
    usage: async (pid) => ({ memoryBytes: null, processorMs: await usage.processorMs(pid) }),
    start: async ({ without }, program) => {
      const name = `${program.slot.name}-${randomUUID()}`;
      const temporary = makeTemporaryFolders(program.folder, program.slot);
      const files = writeFiles(program, entry);
      const given = program.mounts.map(({ path, isWritable, descriptor }) => {
        return { path, isWritable, source: readlinkSync(`/proc/self/fd/${descriptor}`) };
      });
      const mounts: DockerMount[] = [
        ...temporary.map((each) => ({ ...each, isWritable: true })),
        ...files.mounts,
        ...given,
      ];
      checkPaths(mounts);
      makeInnerPlaces(mounts, program.folder);
      const { workFolder, limits, argv } = program;
      const args = dockerArguments({
        ...{ name, image, runtime, mounts, workFolder, limits, argv, without },
        variablesFile: files.variables,
        labels: { [dockerLabels.ours]: program.slot.name, [dockerLabels.owner]: ownOwner() },
        uid: ownId(program.slot),
      });
      const stdin = openSync(files.stdin, 'r');
      const child = engine.start(args, stdin);
      closeSync(stdin);
      const launched = await dockerLaunch({ engine, child, name, usage });
      return {
        ...launched,
        writtenBytes: async () =>
          (await temporaryBytes(temporary)) + (await usage.removedBytes(launched.pid)),
      };
    },
  };
}

function ownId({ uid }: Slot): number {
  return uid ?? process.getuid?.() ?? 0;
}

/** Writes what Docker reads: input, variables, the first program, and who the program is. */
function writeFiles(
  { folder, slot, stdin, env }: ProgramStart,
  entry: Uint8Array,
): { readonly stdin: string; readonly variables: string; readonly mounts: DockerMount[] } {
  const variables = variablesOf(env, fullyProtected);
  const unsayable = Object.entries(variables).find(([, value]) => value.includes('\n'));
  if (unsayable !== undefined) {
    throw new StagingFault(`env.${unsayable[0]}: got a line break, which Docker cannot be told`);
  }
  const id = ownId(slot);
  const write = (name: string, content: string | Uint8Array, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode });
    return path;
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  const passwd = `root:x:0:0:root:/:/bin/false\nsandbox:x:${id}:${id}:sandbox:/tmp:/bin/bash\n`;
  const group = `root:x:0:\nsandbox:x:${id}:\n`;
  const shown = (path: string, source: string): DockerMount => ({
    path,
    source,
    isWritable: false,
  });
  return {
    stdin: write('stdin', stdin, 0o600),
    variables: write('variables', lines.join(''), 0o600),
    mounts: [
      shown(`/${entryName}`, write(entryName, entry, 0o755)),
      shown('/etc/passwd', write('passwd', passwd, 0o644)),
      shown('/etc/group', write('group', group, 0o644)),
    ],
  };
}

function checkPaths(mounts: readonly DockerMount[]): void {
  for (const { source, path } of mounts) {
    if (isSayableToDocker(source) && isSayableToDocker(path)) continue;
    throw new StagingFault(
      `${source}: got a comma, quote or line break, which Docker cannot be told`,
    );
  }
}

/** Makes places for what is mounted within the run's own work folder; others have theirs already. */
function makeInnerPlaces(mounts: readonly DockerMount[], folder: string): void {
  const own = mounts.find(({ source }) => source === join(folder, 'work'));
  if (own === undefined) return;
  for (const { path, source } of mounts) {
    if (!path.startsWith(`${own.path}/`)) continue;
    const inner = {
      below: path.slice(own.path.length + 1),
      isFolder: statSync(source).isDirectory(),
    };
    makeInnerPlace(own.source, inner, null);
  }
}
