import type { ProbeOutcome } from './engines.ts';
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

/** For all of them on one engine, containers with their slow start included. */
export const allProbesMs = 400_000;

/** What a probe came to, and what it means when that is a discovery. */
export function outcomeOf(
  { name, meaning }: Probe,
  outcomes: readonly ProbeOutcome[],
): Partial<ProbeOutcome> & Pick<Probe, 'meaning'> {
  return { ...outcomes.find((each) => each.name === name), meaning };
}
