import { expect, test } from '@jest/globals';

import { detectProgram } from '../../../activities/commands/detection.ts';
import { fakeCommand, question } from '../../support/programs/fake-command.ts';
import { sharedHouse } from './command-house.ts';

const KEY = 'Key-of-the-Test-0123456789';
const never = new AbortController().signal;

const house = sharedHouse({ variables: { OWN_KEY: KEY } });

test('a key that a program asks for as a host is blotted out of its record', async () => {
  const command = fakeCommand(['leak-by-host'], {
    output: { kind: 'text' },
    environment: { OWN_KEY: { from: 'OWN_KEY' } },
    network: { hosts: ['example.com:443'] },
  });

  const reply = await house.connector(command).ask(question());

  expect(reply.text).toBe('403');
  expect(reply.command?.record.traffic).toMatchObject([
    { host: '[blotted out]:443', isAllowed: false, requests: 1 },
  ]);
  expect(JSON.stringify(reply).toLowerCase()).not.toContain(KEY.toLowerCase());
});

test('a folder that this worker does not show is not shown to look at a program either', async () => {
  const command = fakeCommand([], { grants: [{ host: '/srv/forbidden', path: '/opt' }] });
  const before = house.runs.length;

  const connector = house.connector(command);
  const about = { tenantId: 'one', name: 'fake', command, connector };
  const found = await detectProgram(about, house.deps, never);

  expect(found).toMatchObject({ isThere: false, version: null });
  expect(found?.detail).toBe(
    'agent fake: /srv/forbidden: not in a folder that programs may be granted here (CONCLAVE_COMMAND_FOLDERS)',
  );
  expect(house.runs.length).toBe(before);
});
