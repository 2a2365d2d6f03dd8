import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { completeLimits } from '../../../../domain/sandbox/limits.ts';
import type { SandboxHost } from '../../../../infra/sandbox/host.ts';
import { startInterpreter } from '../../../../infra/sandbox/python/interpreter.ts';
import type { Slot } from '../../../../infra/sandbox/slots.ts';

const NO_USER = 2 ** 40;

test('leaves no folder and no slot behind when it fails before anything is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'conclave-interpreter-'));
  const slot = { name: 'slot', uid: NO_USER, folder, stdout: '', stderr: '' };
  const given: Slot[] = [];
  const slots = {
    take: async () => await Promise.resolve(slot),
    give: (each: Slot) => given.push(each),
  };
  const host = { slots, without: new Set(), canStage: false } as unknown as SandboxHost;

  const starting = startInterpreter(host, { grants: [], limits: completeLimits({}) });

  await expect(starting).rejects.toThrow('out of range');
  expect(given).toEqual([slot]);
  expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
