import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import type { CommandConnectorDeps } from '../../../activities/commands/command-connector.ts';
import { CommandFaultError } from '../../../activities/commands/command-fault.ts';
import { launchingWith } from '../../../activities/commands/launching.ts';
import type { CommandSettings } from '../../../domain/commands/command-settings.ts';
import type { ModelConnector, ModelReply } from '../../../domain/providers/model-connector.ts';
import type { CommandRun, SandboxRun } from '../../../domain/sandbox/run.ts';
import { createSandbox } from '../../../infra/sandbox/sandbox.ts';
import { fakeCommand, question } from '../../support/programs/fake-command.ts';
import { ensureSandboxTools } from '../../support/sandbox-tools.ts';

/** The sandbox's tools may have to be brought. */
const setUpMs = 300_000;

const closedToLooks = 0o711;

/** A connector to the made-up program in a real sandbox, and what was run there. */
interface CommandHouse {
  readonly deps: CommandConnectorDeps;
  readonly runs: readonly CommandRun[];
  connector(command: CommandSettings): ModelConnector;
  /** Asks the made-up program, which behaves as it is told. */
  ask(behaviour: readonly string[], fields?: object): Promise<ModelReply>;
  /** Ends it; throws where its runs left anything on this machine. */
  close(): Promise<void>;
}

/** Variables of the worker: keys that proxies may hold, and what programs may see. */
interface HouseFields {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A house for all tests of the file that calls this; it is closed after the last. */
export function sharedHouse(fields: HouseFields = {}): Omit<CommandHouse, 'close'> {
  let made: CommandHouse | undefined;
  beforeAll(async () => {
    made = await commandHouse(fields);
  }, setUpMs);
  afterAll(async () => {
    await made?.close();
  });
  const house = (): CommandHouse => {
    if (made === undefined) throw new Error('got nothing, expected to be asked within a test');
    return made;
  };
  return {
    get deps() {
      return house().deps;
    },
    get runs() {
      return house().runs;
    },
    connector: (command) => house().connector(command),
    ask: async (behaviour, given) => await house().ask(behaviour, given),
  };
}

/** Makes what a connector needs. */
async function commandHouse({
  secrets = {},
  variables = {},
}: HouseFields = {}): Promise<CommandHouse> {
  ensureSandboxTools();
  const folder = mkdtempSync(join(tmpdir(), 'conclave-commands-'));
  chmodSync(folder, closedToLooks);
  const state = join(folder, 'sandbox');
  const sandbox = await createSandbox({ backend: 'bwrap', folder: state });
  const runs: CommandRun[] = [];
  const noted = {
    ...sandbox,
    run: async (run: SandboxRun, signal?: AbortSignal) => {
      if (run.lane === 'command') runs.push(run);
      return await sandbox.run(run, signal);
    },
  };
  let folders = 0;
  const deps: CommandConnectorDeps = {
    sandbox: () => Promise.resolve(noted),
    mayRunCode: () => Promise.resolve(true),
    launching: await launchingWith(process.execPath),
    secret: (name) => secrets[name],
    variable: (name) => variables[name],
    allowedHosts: (url) => url.hostname !== 'forbidden.example.com',
    namedHosts: (url) => url.hostname !== 'forbidden.example.com',
    isGrantable: (host) => host !== '/srv/forbidden',
    makeFolder: () => {
      const path = join(folder, `way-${String(folders++)}`);
      mkdirSync(path);
      chmodSync(path, closedToLooks);
      return Promise.resolve({ path, remove: () => rm(path, { recursive: true }) });
    },
  };
  const connector = (command: CommandSettings): ModelConnector =>
    createCommandConnector(
      { tenantId: 'one', name: 'fake', model: 'm-1', command, simulated: true },
      deps,
    );
  return {
    deps,
    runs,
    connector,
    ask: async (behaviour, fields) =>
      await connector(fakeCommand(behaviour, fields)).ask(question()),
    close: async () => {
      const ofCalls = readdirSync(folder).filter((name) => name !== 'sandbox');
      await sandbox.close();
      const left = [...ofCalls, ...readdirSync(join(state, 'slots'))];
      rmSync(folder, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`the house was left with ${left.join(', ')}`);
    },
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
