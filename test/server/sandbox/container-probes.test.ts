import { describe, expect, test } from '@jest/globals';

import { hasRunsc } from './backends.ts';
import { engineKinds, probeOn } from './engines.ts';
import { probeOutcomes } from './probe-outcomes.ts';
import { probes } from './probes.ts';

// A container has a cgroup of its own, and starts slowly: who runs it makes the difference.
const kinds = engineKinds().filter(({ uid, usesCgroups }) => uid !== null || usesCgroups);

for (const backend of hasRunsc() ? (['runsc'] as const) : []) {
  describe.each(kinds)(`${backend}, an engine $name`, (kind) => {
    const outcomeOf = probeOutcomes(async () => await probeOn({ ...kind, backend }, {}));

    test.each(probes)('withstands the probe "$name"', (probe) => {
      expect(outcomeOf(probe)).toMatchObject({ name: probe.name, isDiscovery: false });
    });
  });
}

test('every probe has a name of its own, by which it is found', () => {
  const names = probes.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
});
