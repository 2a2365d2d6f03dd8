import { beforeAll } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import type { ProbeOutcome } from './engines.ts';
import type { Probe } from './probe.ts';

/** For all of them on one engine, containers with their slow start included. */
const allProbesMs = 400_000;

/**
 * Runs every probe once for all tests of the file or `describe` that calls this.
 *
 * @param tryAll - runs them, before the first test
 * @returns tells what a probe came to, with what it means when that is a discovery
 */
export function probeOutcomes(
  tryAll: () => Promise<readonly ProbeOutcome[]>,
): (probe: Probe) => Partial<ProbeOutcome> & Pick<Probe, 'meaning'> {
  let outcomes: readonly ProbeOutcome[];
  beforeAll(async () => {
    ensureSandboxTools();
    outcomes = await tryAll();
  }, allProbesMs);
  return ({ name, meaning }) => ({ ...outcomes.find((each) => each.name === name), meaning });
}
