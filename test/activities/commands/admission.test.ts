import { describe, expect, test } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import { fakeCommand, question } from '../../support/programs/fake-command.ts';
import { faultOf } from '../../support/providers.ts';
import { programDeps } from './program-deps.ts';

const never = new AbortController().signal;
const command = fakeCommand(['empty']);
const coder = { tenantId: 'one', name: 'coder', model: 'm-1', command, simulated: true };
const refusal =
  'agent coder is a program, and its tenant may not run code; whoever runs this installation can allow it';

describe('a program whose tenant may not run code', () => {
  test('is not run from the moment on at which that was taken back', async () => {
    let allowed = ['one', 'two'];
    const { deps, runs } = programDeps({
      mayRunCode: (tenantId) => Promise.resolve(allowed.includes(tenantId)),
    });
    const connector = createCommandConnector(coder, deps);
    await faultOf(connector.ask(question()));
    const before = runs.length;

    allowed = ['two'];
    const fault = await faultOf(connector.ask(question()));

    expect(before).toBe(1);
    expect(fault).toMatchObject({
      code: 'not-permitted',
      disposition: 'never',
      message: refusal,
      isUnsent: true,
    });
    expect(runs).toHaveLength(1);
  });

  test('is not asked for its version either', async () => {
    const { deps, runs } = programDeps({ mayRunCode: () => Promise.resolve(false) });

    const health = await createCommandConnector(coder, deps).probe(never);

    expect(health).toMatchObject({ status: 'failing', detail: refusal });
    expect(runs).toEqual([]);
  });

  test('is tried again where nobody can say whether it may', async () => {
    const cause = new Error('no database');
    const { deps, runs } = programDeps({ mayRunCode: () => Promise.reject(cause) });

    const fault = await faultOf(createCommandConnector(coder, deps).ask(question()));

    expect(fault).toMatchObject({ code: 'unknown', disposition: 'retry-now', isUnsent: true });
    expect(runs).toEqual([]);
  });
});

test('a folder that this worker does not show is refused before anything runs', async () => {
  const { deps, runs } = programDeps({ isGrantable: () => false });

  const fault = await faultOf(createCommandConnector(coder, deps).ask(question()));

  expect(fault).toMatchObject({ code: 'bad-request', disposition: 'never' });
  expect(runs).toEqual([]);
});

test('a way out that cannot be opened is a fault that may pass', async () => {
  const network = { hosts: ['example.com:443'], upstream: null };
  const withWay = fakeCommand(['empty'], { network });
  const { deps } = programDeps();

  const asked = createCommandConnector({ ...coder, command: withWay }, deps).ask(question());

  expect(await faultOf(asked)).toMatchObject({
    message: 'the way out cannot be opened',
    disposition: 'retry-now',
    isUnsent: true,
  });
});
