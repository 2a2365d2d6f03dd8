import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startStack, type Stack } from '../../infra/stack/stack.ts';

/** Where suites find the shared stack's addresses. */
const addressFile = '.cache/test-stack.json';

declare global {
  var conclaveTestStack: { readonly stack: Stack; readonly folder: string } | undefined;
}

/** Brings up one whole stack for all suites that need a server: every real part, on free ports, in a folder of its own. */
export default async function stackUp(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'conclave-test-'));
  const stack = await startStack({
    dataFolder: folder,
    simulated: 'on',
    simulatedLatencyMs: 20,
    env: {
      CONCLAVE_WEBHOOK_TRIES: '3',
      CONCLAVE_WEBHOOK_FIRST_WAIT_MS: '10',
      CONCLAVE_WEBHOOK_TIMEOUT_MS: '1000',
    },
    observer: {
      partReady: ({ name, address }) => process.stderr.write(`test stack: ${name} at ${address}\n`),
      note: (text) => process.stderr.write(`test stack: ${text}\n`),
    },
  });
  globalThis.conclaveTestStack = { stack, folder };
  await mkdir('.cache', { recursive: true });
  await writeFile(
    addressFile,
    JSON.stringify({
      dataFolder: folder,
      apiAddress: stack.apiAddress,
      apiKey: stack.apiKey,
      postgres: { ownerUrl: stack.ownerUrl, appUrl: stack.connections.databaseUrl },
      s3: stack.connections.s3,
      temporal: {
        address: stack.connections.temporalAddress,
        namespace: stack.connections.temporalNamespace,
      },
      simulated: stack.connections.simulatedAddress,
    }),
    { mode: 0o600 },
  );
}
