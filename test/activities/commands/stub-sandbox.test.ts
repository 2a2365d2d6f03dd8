import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import type { CommandConnectorDeps } from '../../../activities/commands/command-connector.ts';
import { detectVersion } from '../../../activities/commands/detection.ts';
import { completeCommand } from '../../../domain/commands/command-schema.ts';
import type { CommandRun } from '../../../domain/sandbox/run.ts';
import { refusal } from '../../../infra/sandbox/refusal.ts';

const key = 'Canary-Key-5f0c1d2e';
const backend = { name: 'test', version: '1', proven: [] };
const never = new AbortController().signal;

/** What connectors need, with a sandbox that does this in place of a program. */
function depsWith(
  act: (run: CommandRun) => Promise<string>,
  isGrantable = (): boolean => true,
): CommandConnectorDeps {
  const sandbox = {
    backend,
    run: async (run: unknown) => {
      const stdout = await act(run as CommandRun);
      return { ...refusal(backend, ''), status: 'ok' as const, exitCode: 0, stdout };
    },
    close: () => Promise.resolve(),
  };
  return {
    sandbox: () => Promise.resolve(sandbox),
    launching: { argv: ['/node'], grants: [], nodeFolder: '/node', port: 8111 },
    secret: () => key,
    allowedHosts: () => true,
    isGrantable,
    makeFolder: async () => {
      const path = await mkdtemp(join(tmpdir(), 'conclave-way-'));
      return { path, remove: () => rm(path, { recursive: true, force: true }) };
    },
  };
}

test('a key that a program asks for as a host is blotted out of its record', async () => {
  const command = completeCommand({
    path: '/opt/own',
    output: { kind: 'text' },
    environment: { KEY: { from: 'CANARY_API_KEY' } },
    network: { hosts: ['example.com:443'] },
  });
  const deps = depsWith(async ({ grants }) => {
    const folder = grants.find(({ path }) => path.endsWith('/egress'))?.host ?? '';
    const socket = connect(join(folder, 'egress.sock'));
    socket.resume();
    socket.write(`CONNECT ${key}:443 HTTP/1.1\r\n\r\n`);
    await once(socket, 'close');
    return `my key is ${key}`;
  });
  const connector = createCommandConnector(
    { name: 'own', model: 'm', simulated: true, command },
    deps,
  );

  const reply = await connector.ask({
    system: '',
    parts: [{ kind: 'text', text: 'Which?', stable: true }],
    schema: null,
    maxOutputTokens: 100,
    signal: never,
  });

  expect(reply.command?.record.traffic).toMatchObject([
    { host: '[blotted out]:443', isAllowed: false, requests: 1 },
  ]);
  expect(JSON.stringify(reply).toLowerCase()).not.toContain(key.toLowerCase());
});

test('a folder that this worker does not show is not shown to look at a program either', async () => {
  const command = completeCommand({
    path: '/opt/own',
    output: { kind: 'text' },
    grants: [{ host: '/srv/secret', path: '/opt' }],
  });
  const ran: CommandRun[] = [];
  const deps = depsWith(
    (run) => {
      ran.push(run);
      return Promise.resolve('1.0.0');
    },
    () => false,
  );

  const found = await detectVersion({ command }, deps, never);

  expect(found).toMatchObject({ isThere: false, version: null });
  expect(found.detail).toBe(
    '/srv/secret: not in a folder that programs may be granted here (CONCLAVE_COMMAND_FOLDERS)',
  );
  expect(ran).toEqual([]);
});
