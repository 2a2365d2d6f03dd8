import { beforeAll, describe, expect, test } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { hasRunsc } from './backends.ts';
import { engineKinds, probeOn } from './engines.ts';
import type { ProbeOutcome } from './engines.ts';
import { allProbesMs, outcomeOf, probes } from './probes.ts';

// A container has a cgroup of its own, and starts slowly: who runs it makes the difference.
const kinds = engineKinds().filter(({ uid, usesCgroups }) => uid !== null || usesCgroups);

for (const backend of hasRunsc() ? (['runsc'] as const) : []) {
  describe.each(kinds)(`${backend}, an engine $name`, (kind) => {
    let outcomes: readonly ProbeOutcome[];

    beforeAll(async () => {
      ensureSandboxTools();
      outcomes = await probeOn({ ...kind, backend }, {});
    }, allProbesMs);

    test.each(probes)('withstands the probe "$name"', (probe) => {
      const outcome = outcomeOf(probe, outcomes);

      expect(outcome).toMatchObject({ name: probe.name, isDiscovery: false });
    });
  });
}

test('every probe has a name of its own, by which it is found', () => {
  const names = probes.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
});
