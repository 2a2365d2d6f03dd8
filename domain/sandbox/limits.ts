import { z } from 'zod';

import { maybe, only } from '../fields.ts';

/** What a run may use at most. Every limit ends the run in a status of its own, see {@link SandboxStatus}. */
export interface SandboxLimits {
  /**
   * Wall-clock time of the program, milliseconds; beyond it: `timeout`. What is done around it has as long once more each, so
   * that the program has its time and its changes are told, whatever copying costs on a machine: preparing what is granted,
   * before it, and telling what changed, after it. Waiting for a place is not counted.
   */
  readonly timeMs: number;
  /** Processor time over all processes, milliseconds; beyond it: `timeout`. */
  readonly processorMs: number;
  /** Memory of all processes together, bytes; beyond it: `memory`. */
  readonly memoryBytes: number;
  /** Processes and threads at a time; one more is refused to the program itself. */
  readonly processes: number;
  /** Files open at a time in one process; one more is refused to the program itself. */
  readonly openFiles: number;
  /** Bytes written into the work folder and temporary files together; beyond it: `disk`. */
  readonly diskBytes: number;
  /** Bytes of standard output and standard error together; beyond it: `output`, and what came so far is kept. */
  readonly outputBytes: number;
  /** Steps of the JavaScript engine, in units of 10,000 branches; beyond it: `fuel`. Other lanes have none. */
  readonly fuel: number;
}

/** Smallest, usual and largest value of one limit. */
export interface LimitRange {
  readonly min: number;
  readonly usual: number;
  readonly max: number;
}

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;
const second = 1000;
const minute = 60 * second;

/** What a request may ask for; what it does not name is the usual value of its lane. */
export const limitRanges = {
  timeMs: { min: 1, usual: 10 * second, max: 60 * minute },
  processorMs: { min: 1, usual: 10 * second, max: 4 * 60 * minute },
  memoryBytes: { min: 8 * mib, usual: 256 * mib, max: 16 * gib },
  processes: { min: 1, usual: 64, max: 4096 },
  openFiles: { min: 16, usual: 256, max: 65_536 },
  diskBytes: { min: 0, usual: 64 * mib, max: 64 * gib },
  outputBytes: { min: 0, usual: mib, max: 64 * mib },
  fuel: { min: 1, usual: 10_000, max: 10_000_000 },
} as const satisfies Record<keyof SandboxLimits, LimitRange>;

const limitNames = Object.keys(limitRanges) as readonly (keyof SandboxLimits)[];

const limit = (name: keyof SandboxLimits): z.ZodExactOptional<z.ZodInt> => {
  const { min, max } = limitRanges[name];
  const error = `a whole number from ${String(min)} to ${String(max)}`;
  return maybe(z.int({ error }).min(min, { error }).max(max, { error }));
};

/** Limits as a request names them: any of them, each within its range. */
export const limitsSchema = only({
  timeMs: limit('timeMs'),
  processorMs: limit('processorMs'),
  memoryBytes: limit('memoryBytes'),
  processes: limit('processes'),
  openFiles: limit('openFiles'),
  diskBytes: limit('diskBytes'),
  outputBytes: limit('outputBytes'),
  fuel: limit('fuel'),
});

/**
 * Completes limits.
 *
 * @param named - limits that the request names, each within its range
 * @returns every limit; those not named have their usual value, the processor's time the run's time
 */
export function completeLimits(named: Partial<SandboxLimits>): SandboxLimits {
  const usual = Object.fromEntries(
    limitNames.map((name) => [name, limitRanges[name].usual]),
  ) as unknown as SandboxLimits;
  const processorMs = named.timeMs ?? usual.processorMs;
  return { ...usual, processorMs, ...named };
}
