import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { loadConfig } from '../../../infra/config.ts';
import { examineSandbox } from '../../../infra/stack/doctor-sandbox.ts';
import type { Finding } from '../../../infra/stack/doctor.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';

const INSTALL_MS = 300_000;
let folder: string;

beforeAll(() => {
  ensureSandboxTools();
}, INSTALL_MS);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conclave-doctor-'));
  chmodSync(folder, 0o711);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function examined(settings: Record<string, string>): Promise<Finding[]> {
  const loaded = loadConfig({ env: { CONCLAVE_DATA: folder, ...settings }, argv: [] });
  if (!loaded.ok) throw new Error(loaded.faults.join('; '));
  return await examineSandbox(loaded.config);
}

test('the doctor says what was proven here, and leaves nothing', async () => {
  const [finding] = await examined({});

  expect(finding).toMatchObject({ name: 'sandbox', state: 'ok' });
  expect(finding?.detail).toMatch(
    /^bwrap \d+\.\d+.*, below .*; tried and proven: namespaces, seccomp, /,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('the doctor says where nothing can run, and what mends it', async () => {
  const [finding] = await examined({ CONCLAVE_SANDBOX_DATA: '/proc' });

  expect(finding).toEqual({
    name: 'sandbox',
    state: 'missing',
    detail: '/proc cannot be written',
    mend: 'set CONCLAVE_SANDBOX_DATA',
  });
});
