import { describe, expect, test } from '@jest/globals';

import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
import { commandLimits } from '../../../domain/commands/command-settings.ts';
import { heldKey, knownPrograms } from '../../../domain/commands/known-programs.ts';
import { knownFormats } from '../../../domain/commands/output-format.ts';
import { fieldOf } from '../../../domain/planning/fault.ts';

const least = { path: '/usr/bin/own', output: { kind: 'text' } };
const complete = (fields: object): ReturnType<typeof completeCommand> =>
  completeCommand(commandSchema.parse({ ...least, ...fields }));

/** Gives what is wrong with a registration, as field and expectation. */
function faultsOf(fields: object): string[] {
  const parsed = commandSchema.safeParse({ ...least, ...fields });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${fieldOf(path)}: ${message}`);
}

describe('a registration', () => {
  test('of path and output is enough for any program', () => {
    expect(complete({})).toEqual({
      ...least,
      arguments: [],
      environment: {},
      files: {},
      network: { hosts: [], upstream: null },
      grants: [],
      labels: [],
      limits: commandLimits,
      isDryCalled: true,
    });
  });

  test('may want no dry call', () => {
    expect(complete({ isDryCalled: false })).toMatchObject({ isDryCalled: false });
    expect(faultsOf({ isDryCalled: 'no' })).toEqual(['isDryCalled: true or false']);
  });

  test.each(knownFormats)('of %s has all that this program needs', (kind) => {
    expect(complete({ output: { kind } })).toMatchObject(knownPrograms[kind]);
    expect(
      commandSchema.safeParse({ ...least, ...knownPrograms[kind], output: { kind } }).success,
    ).toBe(true);
  });

  test('adds to variables and files of a known program and replaces its arguments', () => {
    const settings = complete({
      output: { kind: 'gemini' },
      arguments: ['--prompt', '{prompt}'],
      environment: { GEMINI_API_KEY: { from: 'GEMINI_API_KEY' }, LANG: 'C' },
      files: { 'a/b.txt': '{model}' },
      labels: ['fast'],
      limits: { timeMs: 1000 },
      grants: [{ host: '/srv/docs', path: '/docs' }],
    });

    expect(settings.arguments).toEqual(['--prompt', '{prompt}']);
    expect(settings.environment).toMatchObject({
      GEMINI_API_KEY: { from: 'GEMINI_API_KEY' },
      LANG: 'C',
      GOOGLE_GEMINI_BASE_URL: '{baseUrl}',
    });
    expect(Object.keys(settings.files)).toEqual(['.gemini/settings.json', 'a/b.txt']);
    expect(settings.limits).toEqual({ ...commandLimits, timeMs: 1000 });
    expect(settings.grants).toEqual([{ host: '/srv/docs', path: '/docs', mode: 'read' }]);
    expect(settings.labels).toEqual(['fast']);
  });

  test('names another upstream with the usual key, and hosts besides', () => {
    const url = 'http://127.0.0.1:9900/anthropic';
    const { network } = complete({
      output: { kind: 'claude' },
      network: { hosts: ['docs.example.com:443'], upstream: { url } },
    });

    expect(network).toEqual({
      hosts: ['docs.example.com:443'],
      upstream: { url, header: 'x-api-key', prefix: '', from: 'ANTHROPIC_API_KEY' },
    });
  });

  test('names an upstream of its own, with a bearer key or none', () => {
    const url = 'https://models.example.com';

    expect(complete({ network: { upstream: { url } } }).network.upstream).toEqual({
      url,
      header: 'authorization',
      prefix: 'Bearer ',
      from: null,
    });
    const named = { url, header: 'x-key', prefix: '', from: 'OWN_KEY' };
    expect(complete({ network: { upstream: named } }).network.upstream).toEqual(named);
    expect(
      complete({ output: { kind: 'codex' }, network: { upstream: { url, from: null } } }).network
        .upstream,
    ).toMatchObject({ from: null });
  });

  test('names some limits and leaves the others', () => {
    const memoryBytes = 64 * 1024 * 1024;

    expect(complete({ limits: { memoryBytes } }).limits).toEqual({ ...commandLimits, memoryBytes });
  });

  test('takes the network away', () => {
    expect(complete({ output: { kind: 'codex' }, network: { upstream: null } }).network).toEqual({
      hosts: [],
      upstream: null,
    });
  });
});

describe('a registration is refused', () => {
  test.each([
    ['path', { path: 'own' }],
    ['path', { path: '/usr/../own' }],
    ['path', { path: '/usr//own' }],
    ['path', { path: '/usr/\u0007' }],
    ['path', { path: 7 }],
    ['output.kind', { output: { kind: 'xml' } }],
    ['output.answer', { output: { kind: 'json', answer: '.a' } }],
    ['output', { output: { kind: 'text', answer: 'a' } }],
    ['arguments', { arguments: 'a b' }],
    ['arguments', { arguments: Array.from({ length: 65 }, () => 'a') }],
    ['arguments[0]', { arguments: ['{secret}'] }],
    ['arguments[0]', { arguments: ['a\0b'] }],
    ['environment.A', { environment: { A: '{prompt}' } }],
    ['environment.A.from', { environment: { A: { from: 'CONCLAVE_SECRET' } } }],
    ['environment.CONCLAVE_X', { environment: { CONCLAVE_X: 'a' } }],
    [
      'environment',
      {
        environment: Object.fromEntries(
          Array.from({ length: 65 }, (_, index) => [`A${String(index)}`, '']),
        ),
      },
    ],
    ['files["../a"]', { files: { '../a': '' } }],
    ['files["/a"]', { files: { '/a': '' } }],
    ['network.hosts[0]', { network: { hosts: ['example.com'] } }],
    ['network.hosts[0]', { network: { hosts: ['https://example.com:443'] } }],
    ['network.hosts[0]', { network: { hosts: ['example.com:0'] } }],
    ['network.hosts[0]', { network: { hosts: ['example.com:70000'] } }],
    ['network.hosts[0]', { network: { hosts: ['1.2.3.400:443'] } }],
    ['network.upstream.url', { network: { upstream: { url: 'ftp://a' } } }],
    ['network.upstream.url', { network: { upstream: { url: 'https://a:b@c' } } }],
    ['network.upstream.url', { network: { upstream: { url: 'nowhere' } } }],
    ['network.upstream.header', { network: { upstream: { url: 'https://a', header: 'x y' } } }],
    ['network.upstream.prefix', { network: { upstream: { url: 'https://a', prefix: '\n' } } }],
    ['grants[0].path', { grants: [{ host: '/a', path: '/work/a' }] }],
    ['grants[0].path', { grants: [{ host: '/a', path: '/conclave' }] }],
    ['grants[0].mode', { grants: [{ host: '/a', path: '/a', mode: 'write' }] }],
    ['labels[0]', { labels: ['two words'] }],
    ['limits.timeMs', { limits: { timeMs: 0 } }],
    ['limits.timeMs', { limits: { timeMs: 8 * 60_000 } }],
    ['body', { shell: true }],
  ])('for its %s: %j', (field, fields) => {
    const faults = faultsOf(fields);

    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(
      new RegExp(
        `^${field.replace(/[[\].*+?^${}()|\\]/g, '\\$&')}: (a|an|the|one|at|host:port)[, ]`,
      ),
    );
  });

  test.each([
    { arguments: ['--key', 'sk-ant-api03-abcdefghijklmnop'] },
    { environment: { A: `AIza${'b'.repeat(35)}` } },
    { files: { 'a.json': `{"key":"ghp_${'c'.repeat(36)}"}` } },
  ])('with a key in it, and says where a key belongs', (fields) => {
    expect(JSON.stringify(faultsOf(fields))).toContain('without a key; network.upstream.from');
  });
});

test('texts about variables name the list that they have to be on', () => {
  expect(faultsOf({ environment: { A: 1 } })[0]).toContain('CONCLAVE_COMMAND_VARIABLES');
  expect(commandSchema.unwrap().shape.environment.unwrap().description).toContain(
    'CONCLAVE_COMMAND_VARIABLES',
  );
});

test('what stands for a held key is no key', () => {
  expect(faultsOf({ environment: { A: heldKey } })).toEqual([]);
});
