import { expect, test } from '@jest/globals';

import { commandRun, isPromptPassedByArgument } from '../../../domain/commands/command-run.ts';
import type { CommandCall } from '../../../domain/commands/command-run.ts';
import { commandSchema, completeCommand } from '../../../domain/commands/command-schema.ts';
import type { CommandSettings } from '../../../domain/commands/command-settings.ts';
import { filled, placeholdersIn } from '../../../domain/commands/template.ts';

function settings(fields: object = {}): CommandSettings {
  const named = { path: '/usr/bin/own', output: { kind: 'text' }, ...fields };
  return completeCommand(commandSchema.parse(named));
}

function call(fields: Partial<CommandCall['request']> = {}): CommandCall {
  const parts = [
    { kind: 'text' as const, text: 'Which one?', stable: true },
    { kind: 'text' as const, text: 'Decide.\u0000', stable: false },
  ];
  return {
    request: { system: 'Be exact.', parts, schema: null, maxOutputTokens: 900, ...fields },
    model: 'm-1 {prompt}',
    baseUrl: 'http://127.0.0.1:8111',
    granted: { OWN_KEY: 'secret' },
    seed: 'seed',
  };
}

test('gives the prompt by standard input unless an argument takes it', () => {
  expect(commandRun(settings(), call())).toMatchObject({
    kind: 'built',
    run: {
      argv: ['/usr/bin/own'],
      stdin: 'Be exact.\n\nWhich one?\n\nDecide.',
      workFolder: '/work',
    },
  });
  expect(isPromptPassedByArgument(settings())).toBe(false);
});

test('leaves standard input empty where an argument takes the prompt', () => {
  const asked = settings({ arguments: ['-m', '{model}', '--system={system}', '{prompt}'] });

  expect(commandRun(asked, call())).toMatchObject({
    run: {
      argv: ['/usr/bin/own', '-m', 'm-1 {prompt}', '--system=Be exact.', 'Which one?\n\nDecide.'],
      stdin: '',
    },
  });
  expect(isPromptPassedByArgument(asked)).toBe(true);
});

test('says in the prompt what shape the answer has', () => {
  const schema = { name: 'position', jsonSchema: { type: 'object' } };
  const built = commandRun(settings(), call({ schema, system: '' }));

  expect(built).toMatchObject({
    run: {
      stdin: expect.stringMatching(/^Which one\?\n\nDecide\.\n\nReply with .*\{"type":"object"\}/s),
    },
  });
});

test('gives named variables only, and no granted one that is not set', () => {
  const environment = {
    KEY: { from: 'OWN_KEY' },
    OTHER: { from: 'OTHER_KEY' },
    URL: '{baseUrl}/v1',
    MOST: '{maxOutputTokens}',
  };
  const files = { 'a.json': '{"dir":"{workFolder}"}' };

  expect(commandRun(settings({ environment, files }), call())).toMatchObject({
    files: { 'a.json': '{"dir":"/work"}' },
    run: {
      env: {
        HOME: '/work',
        TERM: 'dumb',
        NO_COLOR: '1',
        CI: '1',
        KEY: 'secret',
        URL: 'http://127.0.0.1:8111/v1',
        MOST: '900',
      },
    },
  });
});

test('sees the folders that are granted to it, and no others', () => {
  const grants = [{ host: '/srv/docs', path: '/docs', mode: 'copy' }];

  expect(commandRun(settings({ grants }), call())).toMatchObject({ run: { grants } });
});

test('takes no images', () => {
  const image = { kind: 'image' as const, mediaType: 'image/png', base64: '', stable: true };

  expect(commandRun(settings(), call({ parts: [image] }))).toEqual({
    kind: 'unfit',
    message: 'it takes no images',
  });
});

test('takes no prompt that is longer than an argument can be', () => {
  const parts = [{ kind: 'text' as const, text: 'ü'.repeat(70_000), stable: true }];

  expect(commandRun(settings({ arguments: ['{prompt}'] }), call({ parts }))).toMatchObject({
    kind: 'unfit',
    message: expect.stringMatching(
      /^an argument or variable of 140011 bytes; expected at most 131071/,
    ),
  });
  expect(commandRun(settings(), call({ parts }))).toMatchObject({ kind: 'built' });
});

test('takes no more files than an argument can hold', () => {
  const files = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [index, 'a'.repeat(15_000)]));

  expect(commandRun(settings({ files: files(8) }), call())).toMatchObject({ kind: 'built' });
  expect(commandRun(settings({ files: files(9) }), call())).toEqual({
    kind: 'unfit',
    message: 'files of 135064 bytes together; expected at most 130071',
  });
});

test('a template keeps unknown and doubled braces, and fills nothing into what was filled in', () => {
  const template = '{a} {b} {{a}} {} { a } {a';

  expect(placeholdersIn(template)).toEqual(['a', 'b']);
  expect(filled(template, { a: '$& {b}' })).toBe('$& {b} {b} {a} {} { a } {a');
});
