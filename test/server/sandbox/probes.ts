import { findingProbes } from './finding-probes.ts';
import { kernelProbes } from './kernel-probes.ts';
import { limitProbes } from './limit-probes.ts';
import type { Probe } from './probe.ts';
import { writingProbes } from './writing-probes.ts';

/** Every probe: what is found, what the kernel allows, what can be written, what can be taken. */
export const probes: readonly Probe[] = [
  ...findingProbes,
  ...kernelProbes,
  ...writingProbes,
  ...limitProbes,
];
