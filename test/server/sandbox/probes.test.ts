import { describe, expect, test } from '@jest/globals';

import { engineKinds, probeOn } from './engines.ts';
import { probeOutcomes } from './probe-outcomes.ts';
import { probes } from './probes.ts';

describe.each(engineKinds())('an engine $name', (kind) => {
  const outcomeOf = probeOutcomes(async () => await probeOn(kind, {}));

  test.each(probes)('withstands the probe "$name"', (probe) => {
    expect(outcomeOf(probe)).toMatchObject({ name: probe.name, isDiscovery: false });
  });
});
