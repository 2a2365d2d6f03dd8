import { expect, test } from '@jest/globals';

import { createCommandConnector } from '../../../activities/commands/command-connector.ts';
import { withCommands } from '../../../activities/commands/command-pool.ts';
import { fakeCommand } from '../../support/programs/fake-command.ts';
import { agentAt, faultOf } from '../../support/providers.ts';
import { programDeps } from './program-deps.ts';

const agent = agentAt('http://127.0.0.1:9', { provider: 'anthropic', name: 'one' });
const program = { ...agent, command: fakeCommand(['empty']) };
const other = createCommandConnector({ tenantId: 'one', ...program }, programDeps().deps);
const others = { connectorOf: () => other };

test('reaches programs and everything else', () => {
  const connectorOf = withCommands(others, programDeps().deps);

  expect(connectorOf('one', agent)).toBe(other);
  expect(connectorOf('one', program)).toMatchObject({
    provider: 'command',
    model: agent.model,
    simulated: true,
  });
});

test('says that a worker without a sandbox cannot run a program', async () => {
  const asked = Promise.resolve().then(() => withCommands(others, null)('one', program));

  expect(await faultOf(asked)).toMatchObject({
    message: 'agent one is a program, and this worker has no sandbox to run it in',
    disposition: 'retry-now',
    isUnsent: true,
  });
});
