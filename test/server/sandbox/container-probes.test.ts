import { rmSync } from 'node:fs';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { hasRunsc } from './backends.ts';
import { engineKinds, probeOn, stateFolder } from './engines.ts';
import type { EngineKind, ProbeOutcome } from './engines.ts';
import { probes } from './probes.ts';

const ALL_PROBES_MS = 400_000;
const TOOLS_MS = 300_000;
// A container has a cgroup of its own, and starts slowly: who runs it makes the difference.
const kinds = engineKinds().filter(({ uid, usesCgroups }) => uid !== null || usesCgroups);

beforeAll(() => {
  ensureSandboxTools();
}, TOOLS_MS);

for (const backend of hasRunsc() ? (['runsc'] as const) : []) {
  describe.each(kinds)(`${backend}, an engine $name`, (kind) => {
    suite({ ...kind, backend });
  });
}

function suite(kind: EngineKind): void {
  let outcomes: readonly ProbeOutcome[];

  beforeAll(async () => {
    outcomes = await probeOn(kind, {});
  }, ALL_PROBES_MS);

  test.each(probes.map(({ name, meaning }) => ({ name, meaning })))(
    'withstands the probe "$name"',
    ({ name, meaning }) => {
      const outcome = outcomes.find((each) => each.name === name);

      expect({ ...outcome, meaning }).toMatchObject({ name, isDiscovery: false, meaning });
    },
  );
}

test.each([
  { backend: 'runsc', at: { runsc: '/nowhere/runsc' }, mend: /apt-get install -y runsc/ },
  { backend: 'docker', at: { docker: '/nowhere/docker', image: 'debian' }, mend: /install Docker/ },
] as const)('without $backend every run is refused, and what mends it is told', async (row) => {
  const { backend, at, mend } = row;
  const folder = stateFolder(null);
  const sandbox = await createSandbox({ backend, folder, ...at });

  const result = await sandbox.run({
    lane: 'command',
    ...{ argv: ['/bin/true'], grants: [], env: {}, stdin: '', seed: '', workFolder: '/work' },
    limits: completeLimits({}),
  });
  await sandbox.close();
  rmSync(folder, { recursive: true });

  expect(sandbox.backend.name).toBe('deny');
  expect(result).toMatchObject({ status: 'refused', durationMs: 0 });
  expect(result.reason).toMatch(/^\/nowhere\/(runsc|docker)(:| is) not there; to mend it: /);
  expect(result.reason).toMatch(mend);
});
