import { resolve } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { loadConfig } from '../../infra/config.ts';
import type { Config } from '../../infra/config.ts';
import { withAppRole } from '../../infra/database-urls.ts';
import { flagOf } from '../../infra/flags.ts';

describe('loadConfig', () => {
  test('gives a local configuration when nothing is set', () => {
    const config = loaded({});

    expect(config).toMatchObject({
      mode: 'local',
      host: '127.0.0.1',
      port: 7400,
      logLevel: 'info',
      taskQueue: 'collaborations',
      simulated: 'auto',
      simulatedLatencyMs: 50,
      allowedHosts: [],
      databaseUrl: undefined,
      providers: [],
      webhooks: {
        ...{ hosts: [], loopback: true },
        ...{ triesMax: 10, firstWaitMs: 10_000, timeoutMs: 15_000 },
      },
      sandbox: { backend: 'bwrap', dataFolder: undefined, image: undefined },
    });
    expect(config.temporal).toMatchObject({ address: undefined, namespace: 'default' });
    expect(config.s3).toMatchObject({ bucket: 'conclave', region: 'us-east-1' });
    expect(config.dataFolder).toMatch(/^\/.*\/\.conclave$/);
  });

  test('lets a flag win over the variable, in both spellings', () => {
    const env = { CONCLAVE_PORT: '1', CONCLAVE_DATA: '/a' };

    const config = loaded(env, ['--port', '8080', '--data=/b=c']);

    expect(config.port).toBe(8080);
    expect(config.dataFolder).toBe('/b=c');
  });

  test('counts an empty variable as not set', () => {
    expect(loaded({ CONCLAVE_PORT: '' }).port).toBe(7400);
  });

  test('reports every fault by name and never shows a value', () => {
    const env = {
      CONCLAVE_PORT: 'secret-a',
      CONCLAVE_DATABASE_URL: 'mysql://u:secret-b@h/d',
      CONCLAVE_S3_ENDPOINT: 'secret-c',
      CONCLAVE_MODE: 'secret-d',
      CONCLAVE_ALLOWED_HOSTS: 'https://secret-e',
      CONCLAVE_TEMPORAL_ADDRESS: 'secret-f',
      CONCLAVE_SIMULATED_LATENCY_MS: '-1',
      CONCLAVE_S3_BUCKET: 'Secret',
      CONCLAVE_WEBHOOK_HOSTS: 'https://secret-g',
      CONCLAVE_WEBHOOK_TRIES: '0',
      CONCLAVE_WEBHOOK_FIRST_WAIT_MS: 'secret-h',
      CONCLAVE_WEBHOOK_TIMEOUT_MS: '60001',
    };

    const faults = faultsOf(env);

    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual(Object.keys(env).sort());
    expect(faults.join('\n')).not.toMatch(/secret/i);
  });

  test('takes hosts of webhooks: names, ports, domains, and all', () => {
    const { hosts } = loaded({
      CONCLAVE_WEBHOOK_HOSTS: 'a.example, b:8443,*.c.example,*',
    }).webhooks;

    expect(hosts).toEqual(['a.example', 'b:8443', '*.c.example', '*']);
    expect(faultsOf({ CONCLAVE_WEBHOOK_HOSTS: 'a.example,**' })).toHaveLength(1);
  });

  test('lets webhooks be on this machine in local mode only', () => {
    expect(loaded({ CONCLAVE_MODE: 'local' }).webhooks.loopback).toBe(true);
    expect(loaded({ CONCLAVE_MODE: 'cluster' }).webhooks.loopback).toBe(false);
  });

  test('refuses an unknown variable with our prefix and leaves others alone', () => {
    expect(faultsOf({ CONCLAVE_PROT: '1', PROT: '2' })).toEqual([
      'CONCLAVE_PROT: unknown variable; see .env.example',
    ]);
  });

  test('lets pass what only the command line reads', () => {
    expect(faultsOf({ CONCLAVE_URL: 'http://127.0.0.1:7400', CONCLAVE_API_KEY: 'k' })).toEqual([]);
  });

  test('refuses an unknown flag, naming the known ones', () => {
    const [fault] = faultsOf({}, ['--prot', '8080']);

    expect(fault).toMatch(/^--prot: unknown flag; known: .*--port/);
  });

  test('refuses a flag without a value', () => {
    expect(faultsOf({}, ['--port'])).toEqual(['--port: expected a value after it']);
    expect(faultsOf({}, ['--port='])).toEqual(['--port: expected a value after it']);
  });

  test('refuses a port above 65535', () => {
    expect(faultsOf({ CONCLAVE_PORT: '65536' })).toHaveLength(1);
  });

  test('refuses an address whose port cannot be, and a port beside a wildcard, which would match nothing', () => {
    expect(faultsOf({ CONCLAVE_TEMPORAL_ADDRESS: 'localhost:65536' })).toHaveLength(1);
    expect(faultsOf({ CONCLAVE_ALLOWED_HOSTS: 'a.example:65536' })).toHaveLength(1);
    expect(faultsOf({ CONCLAVE_ALLOWED_HOSTS: '*.example:443' })).toHaveLength(1);
    expect(loaded({ CONCLAVE_ALLOWED_HOSTS: '*.a.example,b:65535' }).allowedHosts).toHaveLength(2);
    expect(loaded({ CONCLAVE_TEMPORAL_ADDRESS: 'localhost:65535' }).temporal.address).toBeDefined();
  });

  test('splits the list of allowed hosts', () => {
    const config = loaded({ CONCLAVE_ALLOWED_HOSTS: 'a.example, b.example:8443,,[::1]:9000' });

    expect(config.allowedHosts).toEqual(['a.example', 'b.example:8443', '[::1]:9000']);
  });

  test('takes adapters as paths, which it makes absolute, and as names of packages', () => {
    const { adapters } = loaded({
      CONCLAVE_ADAPTERS: './a.ts, ../b.mjs,/c/d.js,parley,@me/parley-adapter/src/index.js',
    });

    expect(adapters).toEqual([
      resolve('a.ts'),
      resolve('../b.mjs'),
      '/c/d.js',
      'parley',
      '@me/parley-adapter/src/index.js',
    ]);
  });

  test.each(['a b', 'https://a.example/x.js', './a.ts,./a.ts', 'node:fs', '@me', '~/a.ts'])(
    'takes no list of adapters like %p',
    (value) => {
      expect(faultsOf({ CONCLAVE_ADAPTERS: value })).toEqual([
        expect.stringMatching(/^CONCLAVE_ADAPTERS: expected modules separated by commas/),
      ]);
    },
  );

  test('names the queues of a worker in an order of their own, each once', () => {
    expect(loaded({}).queues).toEqual(['collaborations', 'sandbox', 'commands']);
    expect(loaded({ CONCLAVE_QUEUES: 'commands, sandbox,sandbox' }).queues).toEqual([
      'sandbox',
      'commands',
    ]);
    for (const CONCLAVE_QUEUES of ['kitchen', 'sandbox,kitchen', ',']) {
      expect(faultsOf({ CONCLAVE_QUEUES })).toEqual([
        expect.stringMatching(/^CONCLAVE_QUEUES: expected queues .*collaborations, sandbox/),
      ]);
    }
  });

  test('reads folders that runs may be granted; without a mode only for reading', () => {
    const CONCLAVE_SANDBOX_FOLDERS = 'sources=/srv/my sources:copy, cache=/srv/cache:write,docs=/d';

    expect(loaded({ CONCLAVE_SANDBOX_FOLDERS }).sandboxFolders).toEqual([
      { name: 'sources', host: '/srv/my sources', mode: 'copy' },
      { name: 'cache', host: '/srv/cache', mode: 'write' },
      { name: 'docs', host: '/d', mode: 'read' },
    ]);
  });

  test.each(['x', 'x=rel', '=/a', 'x=/a/../b', 'x=/a,x=/b', 'x=/a/', 'a b=/a'])(
    'refuses the folders %s',
    (CONCLAVE_SANDBOX_FOLDERS) => {
      expect(faultsOf({ CONCLAVE_SANDBOX_FOLDERS })).toEqual([
        expect.stringMatching(/^CONCLAVE_SANDBOX_FOLDERS: expected folders .*name=\/path:mode/),
      ]);
    },
  );

  test('offers the providers whose variable is set, by name only', () => {
    const env = { GEMINI_API_KEY: 'secret-g', ANTHROPIC_API_KEY: 'secret-a', XAI_API_KEY: '' };

    const config = loaded(env);

    expect(config.providers).toEqual([
      { provider: 'anthropic', variable: 'ANTHROPIC_API_KEY' },
      { provider: 'google', variable: 'GEMINI_API_KEY' },
    ]);
    expect(JSON.stringify(config)).not.toContain('secret');
  });

  test.each([
    ['LLAMA_API_KEY', 'mine'],
    ['MY_KEY_2', 'mine'],
    ['MY_KEY_3', undefined],
    ['AWS_SECRET_ACCESS_KEY', undefined],
    ['my_api_key', undefined],
    ['2_API_KEY', undefined],
    ['MY-X_API_KEY', undefined],
    ['ABSENT_API_KEY', undefined],
    ['CONCLAVE_API_KEY', undefined],
  ])('reads the secret named %s as %p', (name, expected) => {
    const names = ['MY_KEY_2', 'MY_KEY_3', 'LLAMA_API_KEY', 'AWS_SECRET_ACCESS_KEY'];
    const wrong = ['my_api_key', '2_API_KEY', 'MY-X_API_KEY', 'CONCLAVE_API_KEY'];
    const env = Object.fromEntries([...names, ...wrong].map((set) => [set, 'mine']));
    const config = loaded({ ...env, CONCLAVE_KEY_VARIABLES: '*_API_KEY, MY_KEY_2' });

    expect(config.secretNamed(name)).toBe(expected);
  });

  test('lets agents name the usual variables of providers for their keys, and no others', () => {
    const config = loaded({ OPENAI_API_KEY: 'mine', GITHUB_TOKEN: 'other' });

    expect(config.secretNamed('OPENAI_API_KEY')).toBe('mine');
    expect(config.secretNamed('GITHUB_TOKEN')).toBeUndefined();
  });

  test('lets programs see the variables of a list of their own, and none unless it is set', () => {
    const env = { OPENAI_API_KEY: 'mine', OWN_TOKEN: 'shown' };
    const usual = loaded(env);
    const listed = loaded({ ...env, CONCLAVE_COMMAND_VARIABLES: 'OWN_TOKEN' });

    expect(usual.commandVariable('OPENAI_API_KEY')).toBeUndefined();
    expect(usual.commandVariable('OWN_TOKEN')).toBeUndefined();
    expect(listed.commandVariable('OPENAI_API_KEY')).toBeUndefined();
    expect(listed.commandVariable('OWN_TOKEN')).toBe('shown');
    expect(listed.secretNamed('OWN_TOKEN')).toBeUndefined();
  });

  test.each(['*', '*KEY', 'my_key', 'A B', 'KEY=1'])(
    'takes no list of key variables with %p in it',
    (pattern) => {
      const result = loadConfig({ env: { CONCLAVE_KEY_VARIABLES: pattern }, argv: [] });

      expect(result).toEqual({
        ok: false,
        faults: [
          'CONCLAVE_KEY_VARIABLES: expected names of variables separated by commas, each NAME or *_ENDING',
        ],
      });
    },
  );
});

test('a flag is the variable in kebab case without the prefix', () => {
  expect(flagOf('CONCLAVE_S3_ACCESS_KEY')).toBe('--s3-access-key');
});

test('the application role gets its own credentials for the same database', () => {
  const url = withAppRole('postgres://owner:a@h:5/conclave?sslmode=require', 'b');

  expect(url).toBe('postgres://conclave_app:b@h:5/conclave?sslmode=require');
});

function loaded(env: Record<string, string>, argv: string[] = []): Config {
  const result = loadConfig({ env, argv });
  if (!result.ok) throw new Error(result.faults.join('\n'));
  return result.config;
}

function faultsOf(env: Record<string, string>, argv: string[] = []): readonly string[] {
  const result = loadConfig({ env, argv });
  return result.ok ? [] : result.faults;
}
