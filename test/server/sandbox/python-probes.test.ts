import { beforeAll, describe, expect, test } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { engineKinds, probeOn } from './engines.ts';
import type { ProbeOutcome } from './engines.ts';
import { probes } from './probes.ts';

const ALL_PROBES_MS = 180_000;

beforeAll(() => {
  ensureSandboxTools();
}, ALL_PROBES_MS * 2);

describe.each(engineKinds())('a snippet of Python on an engine $name', (kind) => {
  let outcomes: readonly ProbeOutcome[];

  beforeAll(async () => {
    outcomes = await probeOn(kind, { lane: 'python' });
  }, ALL_PROBES_MS);

  test.each(probes.map(({ name, meaning }) => ({ name, meaning })))(
    'withstands the probe "$name"',
    ({ name, meaning }) => {
      const outcome = outcomes.find((each) => each.name === name);

      expect({ ...outcome, meaning }).toMatchObject({ name, isDiscovery: false, meaning });
    },
  );
});
