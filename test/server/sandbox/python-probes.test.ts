import { beforeAll, describe, expect, test } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { engineKinds, probeOn } from './engines.ts';
import type { ProbeOutcome } from './engines.ts';
import { allProbesMs, outcomeOf, probes } from './probes.ts';

describe.each(engineKinds())('a snippet of Python on an engine $name', (kind) => {
  let outcomes: readonly ProbeOutcome[];

  beforeAll(async () => {
    ensureSandboxTools();
    outcomes = await probeOn(kind, { lane: 'python' });
  }, allProbesMs);

  test.each(probes)('withstands the probe "$name"', (probe) => {
    const outcome = outcomeOf(probe, outcomes);

    expect(outcome).toMatchObject({ name: probe.name, isDiscovery: false });
  });
});
