import { describe, expect, test } from '@jest/globals';

import { detectProgram, detectVersion, dryCall } from '../../../activities/commands/detection.ts';
import { fakeCommand } from '../../support/programs/fake-command.ts';
import { sharedHouse } from './command-house.ts';

const never = new AbortController().signal;
const text = { output: { kind: 'text' } };

const house = sharedHouse();

describe('detection', () => {
  const script = { path: '/usr/bin/env' };

  test('reads a version out of what --version says', async () => {
    const found = await detectVersion({ command: fakeCommand([]) }, house.deps, never);

    expect(found).toEqual({
      isThere: true,
      version: '1.2.3-test',
      detail: '1.2.3-test',
    });
    expect(await house.connector(fakeCommand([])).probe(never)).toMatchObject({ status: 'ok' });
  });

  test('says that a program is not there', async () => {
    const command = fakeCommand([], { path: '/nowhere/own' });

    expect(await detectVersion({ command }, house.deps, never)).toEqual({
      isThere: false,
      version: null,
      detail: '/nowhere/own cannot be run',
    });
  });

  test('says that a program fails, names no version, or does not end', async () => {
    const versionOf = async (path: string): Promise<unknown> =>
      await detectVersion({ command: fakeCommand([], { path }) }, house.deps, never);

    expect(await versionOf('/usr/bin/false')).toMatchObject({ isThere: false });
    expect(await versionOf('/usr/bin/echo')).toMatchObject({ isThere: true });
    const cancelled = await detectVersion(
      { command: fakeCommand([], script) },
      house.deps,
      AbortSignal.timeout(1),
    );
    expect(cancelled.isThere).toBe(false);
  });

  test('sees by a dry call what a program tells', async () => {
    const told = await dryCall(house.connector(fakeCommand(['print', 'claude-answer'])), never);
    const untold = await dryCall(
      house.connector(fakeCommand(['print', 'text-answer'], text)),
      never,
    );
    const failed = await dryCall(house.connector(fakeCommand(['exit', '2'])), never);

    expect(told).toMatchObject({ isAnswering: true, hasUsage: true, hasCost: true });
    expect(untold).toMatchObject({ isAnswering: true, hasUsage: false, hasCost: false });
    expect(failed).toMatchObject({
      isAnswering: false,
      detail: 'the program ended with the exit code 2',
    });
  });
});

describe('what is found out of a program', () => {
  const found = async (fields: object): Promise<unknown> => {
    const command = fakeCommand(['print', 'claude-answer'], fields);
    const connector = house.connector(command);
    const about = { tenantId: 'one', name: 'fake', command, connector };
    return await detectProgram(about, house.deps, never);
  };

  test('is its version and what a dry call shows', async () => {
    expect(await found({})).toMatchObject({
      version: '1.2.3-test',
      capabilities: { isAnswering: true, hasCost: true },
    });
  });

  test('is its version alone where it is not there, or no dry call is wanted', async () => {
    expect(await found({ isDryCalled: false })).toMatchObject({
      version: '1.2.3-test',
      capabilities: null,
    });
    expect(await found({ path: '/nowhere/own' })).toMatchObject({
      isThere: false,
      capabilities: null,
    });
  });
});
