import type { SandboxLimits } from '../../domain/sandbox/limits.ts';
import { unless } from './protections.ts';
import type { Without } from './protections.ts';

/** A limit of getrlimit(2), by which every process of a run is bound. */
export interface ResourceLimit {
  readonly name: 'core' | 'memlock' | 'nofile' | 'nproc' | 'cpu' | 'fsize' | 'data';
  readonly soft: number;
  readonly hard: number;
}

/** Beyond a limit on bytes, so that a program that fills it is seen to exceed it, and dies of that. */
export const SLACK_BYTES = 64 * 1024;

const LOCKED_BYTES = 64 * 1024;
// A program without a cgroup is stopped by the watchdog; this bounds what it takes between two looks.
const DATA_FACTOR = 2;
const MS_PER_SECOND = 1000;

/**
 * Says how each process of a run is bound. A limit of 1 for cores is what the kernel takes for none, even where it would hand
 * them to a program of the host.
 *
 * @param limits - of the run
 * @param isMemoryHeld - whether a cgroup holds its memory; otherwise every process has a limit besides the watchdog
 * @param without - protections to leave out
 */
export function resourceLimits(
  limits: SandboxLimits,
  isMemoryHeld: boolean,
  without: Without,
): readonly ResourceLimit[] {
  const processes = limits.processes + 1; // the first process of the sandbox counts as one
  const seconds = Math.ceil(limits.processorMs / MS_PER_SECOND);
  const data = isMemoryHeld ? [] : [same('data', limits.memoryBytes * DATA_FACTOR)];
  return [
    ...unless(without, 'core-limit', [same('core', 1)]),
    ...unless(without, 'lock-limit', [same('memlock', LOCKED_BYTES)]),
    ...unless(without, 'open-file-limit', [same('nofile', limits.openFiles)]),
    ...unless(without, 'process-limit', [same('nproc', processes)]),
    ...unless(without, 'processor-limit', [
      { name: 'cpu', soft: seconds + 1, hard: seconds + 2 } as const,
    ]),
    ...unless(without, 'file-limit', [same('fsize', limits.diskBytes + SLACK_BYTES)]),
    ...unless(without, 'memory-limit', data),
  ];
}

/** The start of a command that puts limits on the rest of it, for where nobody else can. */
export function limitedCommand(limits: readonly ResourceLimit[]): readonly string[] {
  const words = limits.map(({ name, soft, hard }) => `--${name}=${soft}:${hard}`);
  return ['/usr/bin/prlimit', ...words, '--'];
}

function same(name: ResourceLimit['name'], value: number): ResourceLimit {
  return { name, soft: value, hard: value };
}
