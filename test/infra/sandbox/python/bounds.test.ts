import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import { boundsOf } from '../../../../infra/sandbox/python/bounds.ts';

const limits = completeLimits({
  processorMs: 1500,
  memoryBytes: 100_000_000,
  processes: 5,
  openFiles: 30,
  diskBytes: 1_000_000,
});

test('an interpreter bounds itself somewhat beyond what is watched from outside', () => {
  expect(boundsOf(limits, true)).toEqual({
    RLIMIT_NPROC: [6, 6],
    RLIMIT_NOFILE: [30, 30],
    RLIMIT_CPU: [3, 4],
    RLIMIT_FSIZE: [1_065_536, 1_065_536],
  });
});

test('and its memory where no cgroup does', () => {
  expect(boundsOf(limits, false)).toMatchObject({ RLIMIT_DATA: [200_000_000, 200_000_000] });
});
