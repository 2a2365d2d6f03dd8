import { expect, test } from '@jest/globals';

import { loadConfig, type Config, type Connections } from '../../../infra/config.ts';
import { programVariables } from '../../../infra/stack/settings.ts';

const connections: Connections = {
  temporalAddress: '127.0.0.1:7233',
  temporalNamespace: 'default',
  databaseUrl: 'postgres://app@127.0.0.1:5432/conclave',
  s3: {
    endpoint: 'http://127.0.0.1:9000',
    region: 'us-east-1',
    bucket: 'conclave',
    accessKey: 'access',
    secretKey: 'secret',
  },
  simulatedAddress: undefined,
};

function loaded(env: Record<string, string>): Config {
  const result = loadConfig({ env, argv: [] });
  if (!result.ok) throw new Error(result.faults.join('; '));
  return result.config;
}

test('parts of the stack know as much of programs as the stack itself', () => {
  const env = {
    CONCLAVE_COMMAND_FOLDERS: '/srv/one,/srv/two',
    CONCLAVE_COMMAND_VARIABLES: 'OWN_TOKEN,*_SHOWN',
    CONCLAVE_KEY_VARIABLES: 'OWN_KEY',
    OWN_TOKEN: 'shown',
  };
  const config = loaded(env);

  const handed = loaded(programVariables({ env, config, connections, port: 0, uiPort: undefined }));

  expect(handed).toMatchObject({
    commandFolders: ['/srv/one', '/srv/two'],
    commandVariables: ['OWN_TOKEN', '*_SHOWN'],
    keyVariables: ['OWN_KEY'],
  });
  expect(handed.commandVariable('OWN_TOKEN')).toBe('shown');
});
