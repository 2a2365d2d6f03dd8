import { describe, expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { fullyProtected } from '../../../infra/sandbox/protections.ts';
import type { Protection } from '../../../infra/sandbox/protections.ts';
import { limitedCommand, resourceLimits } from '../../../infra/sandbox/resource-limits.ts';
import type { ResourceLimit } from '../../../infra/sandbox/resource-limits.ts';

const limits = completeLimits({
  ...{ processes: 7, openFiles: 33, processorMs: 1500, diskBytes: 1000, memoryBytes: 9_000_000 },
});

const all: readonly ResourceLimit[] = [
  { name: 'core', soft: 1, hard: 1 },
  { name: 'memlock', soft: 65_536, hard: 65_536 },
  { name: 'nofile', soft: 33, hard: 33 },
  { name: 'nproc', soft: 8, hard: 8 },
  { name: 'cpu', soft: 3, hard: 4 },
  { name: 'fsize', soft: 66_536, hard: 66_536 },
  { name: 'data', soft: 18_000_000, hard: 18_000_000 },
];

describe('limits of each process', () => {
  test('leave room to be seen to exceed what the run may use', () => {
    expect(resourceLimits(limits, false, fullyProtected)).toEqual(all);
  });

  test('are on its data only where no cgroup holds the memory of all', () => {
    expect(resourceLimits(limits, true, fullyProtected)).toEqual(all.slice(0, -1));
  });

  test.each<[Protection, ResourceLimit['name']]>([
    ['core-limit', 'core'],
    ['lock-limit', 'memlock'],
    ['open-file-limit', 'nofile'],
    ['process-limit', 'nproc'],
    ['processor-limit', 'cpu'],
    ['file-limit', 'fsize'],
    ['memory-limit', 'data'],
  ])('go without %s where it is taken away', (protection, name) => {
    const left = resourceLimits(limits, false, new Set([protection]));
    expect(left).toEqual(all.filter((limit) => limit.name !== name));
  });

  test('are the words of prlimit, for where nobody else can put them on', () => {
    const words = limitedCommand([
      { name: 'cpu', soft: 3, hard: 4 },
      { name: 'core', soft: 1, hard: 1 },
    ]);
    expect(words).toEqual(['/usr/bin/prlimit', '--cpu=3:4', '--core=1:1', '--']);
  });
});
