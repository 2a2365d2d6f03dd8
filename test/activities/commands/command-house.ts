import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import type { CommandConnectorDeps } from '../../../activities/commands/command-connector.ts';
import { CommandFaultError } from '../../../activities/commands/command-fault.ts';
import { launchingWith } from '../../../activities/commands/launching.ts';
import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
import type { CommandSettings } from '../../../domain/commands/command-settings.ts';
import type { ModelConnector, ModelRequest } from '../../../domain/providers/model-connector.ts';
import { createUnprotectedSandbox } from '../../support/unprotected-sandbox.ts';

const program = fileURLToPath(new URL('../../support/programs/fake-agent.ts', import.meta.url));

/** Settings of the made-up program. */
export function fakeCommand(behaviour: readonly string[], fields: object = {}): CommandSettings {
  return completeCommand(
    commandSchema.parse({
      path: process.execPath,
      output: { kind: 'claude' },
      arguments: ['--disable-warning=ExperimentalWarning', program, ...behaviour],
      network: { upstream: null },
      ...fields,
    }),
  );
}

/** A connector to the made-up program, and what it ran. */
export interface CommandHouse {
  readonly deps: CommandConnectorDeps;
  readonly sandbox: ReturnType<typeof createUnprotectedSandbox>;
  connector(command: CommandSettings): ModelConnector;
}

/** Makes what a connector needs; its programs run unprotected. */
export async function commandHouse(
  secrets: Readonly<Record<string, string>> = {},
): Promise<CommandHouse> {
  const sandbox = createUnprotectedSandbox();
  const deps: CommandConnectorDeps = {
    sandbox,
    launching: { ...(await launchingWith(process.execPath)), port: await freePort() },
    secret: (name) => secrets[name],
    allowedHosts: (url) => url.hostname !== 'forbidden.example.com',
    makeFolder: async () => {
      const path = await mkdtemp(join(tmpdir(), 'conclave-egress-'));
      return { path, remove: () => rm(path, { recursive: true }) };
    },
  };
  return {
    deps,
    sandbox,
    connector: (command) =>
      createCommandConnector({ name: 'fake', model: 'm-1', command, simulated: true }, deps),
  };
}

/** A question for a program. */
export function question(fields: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: 'Be exact.',
    parts: [{ kind: 'text', text: 'Which one?', stable: true }],
    schema: null,
    maxOutputTokens: 900,
    signal: new AbortController().signal,
    ...fields,
  };
}

/** Gives the failure of a call whose program ran and failed; throws what else came of it. */
export async function failureOf(asked: Promise<unknown>): Promise<CommandFaultError> {
  const error: unknown = await asked.then(
    () => new Error('the call was expected to fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof CommandFaultError) return error;
  throw error;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  return port;
}
