import { describe, expect, test } from '@jest/globals';

import {
  createCommandConnector,
  type CommandConnectorDeps,
} from '../../../activities/commands/command-connector.ts';
import { detectProgram } from '../../../activities/commands/detection.ts';
import type { Sandbox, SandboxResult } from '../../../domain/sandbox/run.ts';
import { fakeCommand } from '../../support/programs/fake-command.ts';
import { programDeps } from './program-deps.ts';

const never = new AbortController().signal;
const backend = { name: 'bwrap', version: '1', proven: [] } as const;
const ended: SandboxResult = {
  status: 'ok',
  reason: '',
  exitCode: 0,
  value: null,
  stdout: '1.2.3',
  stderr: '',
  isTruncated: false,
  fuelUsed: null,
  peakMemoryBytes: null,
  durationMs: 1,
  diff: null,
  files: [],
  backend,
};
/** Every program names a version, and answers nothing else. */
const sandbox: Sandbox = {
  backend,
  run: () => Promise.resolve(ended),
  close: () => Promise.resolve(),
};

async function found(
  fields: Partial<CommandConnectorDeps>,
  command = fakeCommand(['empty']),
): Promise<unknown> {
  const { deps } = programDeps({ sandbox: () => Promise.resolve(sandbox), ...fields });
  const agent = { tenantId: 'one', name: 'coder', model: 'm-1', command, simulated: true };
  const connector = createCommandConnector(agent, deps);
  return await detectProgram({ ...agent, connector }, deps, never);
}

/** Gives the answers in turn, the last one again and again. */
function inTurn<T>(...answers: [T, ...T[]]): () => Promise<T> {
  const pending = [...answers];
  return () => Promise.resolve((pending.length > 1 ? pending.shift() : pending[0]) as T);
}

describe('nothing is said of a program', () => {
  test('whose tenant may not run code', async () => {
    expect(await found({ mayRunCode: inTurn(false) })).toBeNull();
  });

  test('whose tenant loses that right while it tells its version', async () => {
    expect(await found({ mayRunCode: inTurn(true, false) })).toBeNull();
  });

  test('while nobody can say whether its tenant has that right', async () => {
    expect(await found({ mayRunCode: () => Promise.reject(new Error('no database')) })).toBeNull();
  });

  test('while its way out cannot be opened', async () => {
    const network = { hosts: ['example.com:443'], upstream: null };

    expect(await found({}, fakeCommand(['empty'], { network }))).toBeNull();
  });

  test('while there is no sandbox', async () => {
    expect(await found({ sandbox: () => Promise.reject(new Error('no room')) })).toBeNull();
  });
});

test('a program that answers with nothing is there and does not answer', async () => {
  expect(await found({})).toMatchObject({
    isThere: true,
    version: '1.2.3',
    capabilities: { isAnswering: false },
  });
});

test('a folder that this worker does not show makes a program one that is not there', async () => {
  const grants = [{ host: '/srv/secret', path: '/docs' }];

  expect(
    await found({ isGrantable: (host) => host !== '/srv/secret' }, fakeCommand([], { grants })),
  ).toEqual({
    isThere: false,
    version: null,
    detail:
      'agent coder: /srv/secret: not in a folder that programs may be granted here (CONCLAVE_COMMAND_FOLDERS)',
    capabilities: null,
  });
});
