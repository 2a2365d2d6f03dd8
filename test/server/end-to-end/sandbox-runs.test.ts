import { beforeAll, describe, expect, test } from '@jest/globals';

import { ensureSandboxTools } from '../../support/sandbox-tools.ts';
import { SandboxTenant } from './sandbox-tenant.ts';

const INSTALL_MS = 300_000;

let tenant: SandboxTenant;

beforeAll(async () => {
  ensureSandboxTools();
  tenant = await SandboxTenant.open();
}, INSTALL_MS);

describe('a command', () => {
  test('gives exit code, output and files, and says which backend ran it', async () => {
    const run = await tenant.shell('echo out; echo err >&2; echo left > /artifacts/file; exit 3');

    expect(run).toMatchObject({
      status: 'error',
      attempts: 1,
      result: { status: 'error', exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
    });
    expect(run.result?.backend?.proven).toContain('namespaces');
    const [file] = run.result?.files ?? [];
    expect((await tenant.call(`/v1/artifacts/${file?.artifact ?? ''}`)).body).toBe('left\n');
  });
});
