import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../domain/sandbox/limits.ts';
import { watch } from '../../../infra/sandbox/watchdogs.ts';
import type { Watched } from '../../../infra/sandbox/watchdogs.ts';

const DEAD = 2 ** 22 + 1; // beyond every number that a process has

function watched(more: Partial<Watched> = {}): Watched {
  return {
    ...{ pid: process.pid, limits: completeLimits({}), cgroup: undefined, signal: undefined },
    writtenBytes: async () => await Promise.resolve(0),
    ...more,
  };
}

test('a program that had ended before anybody looked used nobody knows how much memory', async () => {
  const seen = await watch(watched({ pid: DEAD }), () => undefined).end();

  expect(seen).toEqual({ breach: undefined, peakMemoryBytes: null });
});

test('the last look finds what a program came to in the meantime', async () => {
  const limits = completeLimits({ diskBytes: 10, memoryBytes: 16 * 1024 ** 3 });
  const writtenBytes = async (): Promise<number> => await Promise.resolve(11);

  const { breach, peakMemoryBytes } = await watch(
    watched({ limits: { ...limits, processorMs: Infinity }, writtenBytes }),
    () => undefined,
  ).end();

  expect(breach).toEqual({
    status: 'disk',
    reason: 'wrote at least 11 bytes, diskBytes is 10 bytes',
  });
  expect(peakMemoryBytes).toBeGreaterThan(1024 ** 2);
});
