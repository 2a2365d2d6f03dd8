import type { SandboxLimits } from '../../../domain/sandbox/limits.ts';

import type { Without } from '../protections.ts';
import { entryName } from './bundle.ts';

/** A folder or file of the host, and where it lies inside. */
export interface DockerMount {
  /** Absolute, on the host. */
  readonly source: string;
  /** Absolute, inside. */
  readonly path: string;
  readonly isWritable: boolean;
}

/** What Docker is to run. */
export interface DockerShape {
  /** Of the container; no others have it. */
  readonly name: string;
  /** By which containers of dead engines are found. */
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  /** Name of a runtime that the engine has; null for its usual one. */
  readonly runtime: string | null;
  /** Who the program is, inside and on the host. */
  readonly uid: number;
  readonly mounts: readonly DockerMount[];
  /** File with the variables, a line each. */
  readonly variablesFile: string;
  readonly workFolder: string;
  readonly limits: SandboxLimits;
  readonly argv: readonly string[];
  readonly without: Without;
}

// Looks for the program on its path, and ends with 127 where it is not.
const throughShell = ['/bin/sh', '-c', 'exec "$@"', 'sh'];
// Docker's own first process and the program's.
const OWN_PROCESSES = 2;
const SLACK_BYTES = 64 * 1024;
const LOCKED_BYTES = 64 * 1024;
const MS_PER_SECOND = 1000;
// What Docker's lists of settings cannot say of a path.
const UNSAYABLE = /[,"\n]/;

/** Whether a path can be named in the list of a mount's settings. */
export function isSayableToDocker(path: string): boolean {
  return !UNSAYABLE.test(path);
}

/** Says how `docker` is called to run a program in a container that is removed by whoever calls it. */
export function dockerArguments(shape: DockerShape): string[] {
  const { name, labels, image, runtime, uid, workFolder, argv, without } = shape;
  const entry = without.has('seccomp') ? [] : [`/${entryName}`];
  const [first = '', ...words] = [...entry, ...throughShell];
  return [
    ...['run', '--name', name, '--interactive', '--init', '--pull', 'never'],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...(runtime === null ? [] : ['--runtime', runtime]),
    ...['--network', without.has('network-namespace') ? 'host' : 'none'],
    ...['--ipc', 'private', '--cgroupns', 'private', '--hostname', 'sandbox'],
    // The kernel's own files tell of the host, and the engine has no other way to leave them out.
    ...['--tmpfs', '/sys:ro,size=4k,mode=555'],
    ...['--read-only', '--security-opt', 'no-new-privileges'],
    ...(without.has('seccomp') ? ['--security-opt', 'seccomp=unconfined'] : []),
    ...(without.has('capabilities-dropped') ? [] : ['--cap-drop', 'ALL']),
    ...['--user', `${uid}:${uid}`, '--log-driver', 'none', '--no-healthcheck'],
    ...limitsOf(shape.limits, without),
    ...shape.mounts.flatMap(mounting),
    ...['--env-file', shape.variablesFile, '--workdir', workFolder],
    ...['--entrypoint', first, image, ...words, ...argv],
  ];
}

function limitsOf(limits: SandboxLimits, without: Without): string[] {
  const { memoryBytes, processes, openFiles, diskBytes, processorMs } = limits;
  const seconds = Math.ceil(processorMs / MS_PER_SECOND);
  const fileBytes = diskBytes + SLACK_BYTES;
  const bounds = {
    core: [0, 0],
    memlock: [LOCKED_BYTES, LOCKED_BYTES],
    nofile: [openFiles, openFiles],
    fsize: [fileBytes, fileBytes],
    cpu: [seconds + 1, seconds + 2],
  };
  return [
    ...['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)],
    ...(without.has('process-limit') ? [] : ['--pids-limit', String(processes + OWN_PROCESSES)]),
    ...Object.entries(bounds).flatMap(([name, [soft, hard]]) => {
      return ['--ulimit', `${name}=${String(soft)}:${String(hard)}`];
    }),
  ];
}

function mounting({ source, path, isWritable }: DockerMount): string[] {
  const words = ['type=bind', `source=${source}`, `target=${path}`];
  return ['--mount', [...words, ...(isWritable ? [] : ['readonly'])].join(',')];
}
