import { describe, expect, test } from '@jest/globals';

import { fakeCommand, question } from '../../support/programs/fake-command.ts';
import { programsGrant } from '../../support/programs/fake-program.ts';
import { faultOf } from '../../support/providers.ts';
import { sharedHouse } from './command-house.ts';

const programsRead = { ...programsGrant, mode: 'read' };
const KEY = 'key-of-the-test-0123456789';
const text = { output: { kind: 'text' } };

const house = sharedHouse({ variables: { OWN_KEY: KEY } });

describe('a program that answers', () => {
  test('gives text, tokens, cost and model, and the trace of its run', async () => {
    const reply = await house.ask(['print', 'claude-answer']);

    expect(reply).toMatchObject({
      text: '{"answer":"yes"}',
      finish: 'stop',
      model: 'sim-tested',
      usage: { inputTokens: 3143, cachedTokens: 100, outputTokens: 16 },
      costMicrosUsd: 15_565,
      command: {
        stderr: '',
        record: {
          status: 'ok',
          exitCode: 0,
          grants: [programsRead],
          grantedVariables: [],
          traffic: [],
        },
      },
    });
    expect(reply.command?.stdout).toContain('"total_cost_usd":0.015565');
  });

  test.each(['gemini', 'codex', 'opencode'] as const)('may be %s', async (kind) => {
    const fields = { output: { kind }, environment: {}, files: {} };

    expect(await house.ask(['print', `${kind}-answer`], fields)).toMatchObject({
      text: '{"answer":"yes"}',
    });
  });

  test('says nothing of a cost that it does not tell, and has the model that was asked', async () => {
    const reply = await house.ask(['print', 'text-answer'], text);

    expect(reply).toMatchObject({ model: 'm-1', usage: { inputTokens: null } });
    expect(reply).not.toHaveProperty('costMicrosUsd');
  });

  test('may talk on standard error and warn before it answers', async () => {
    expect(await house.ask(['chatty'])).toMatchObject({ finish: 'stop' });
    expect(await house.ask(['warnings'], { output: { kind: 'codex' } })).toMatchObject({
      finish: 'stop',
    });
  });

  test('has the prompt, its files and its own variables, and none of the worker', async () => {
    const reply = await house.ask(['mirror', '{model}', 'file:{workFolder}/a/b.json'], {
      output: { kind: 'json', answer: 'answer' },
      environment: { OWN: 'value of {model}', SECRET: { from: 'OWN_KEY' } },
      files: { 'a/b.json': '{"model":"{model}"}' },
    });
    const mirrored = JSON.parse(reply.text) as { env: object; prompt: string };

    expect(mirrored).toMatchObject({
      prompt: 'Be exact.\n\nWhich one?',
      env: { OWN: 'value of m-1', TERM: 'dumb', SECRET: '[blotted out]' },
    });
    expect(Object.values((mirrored as unknown as { contents: object }).contents)).toEqual([
      '{"model":"m-1"}',
    ]);
    const names = Object.keys(mirrored.env).filter((name) => !name.startsWith('npm_config_'));
    expect(names.sort()).toEqual(
      [
        ...['CI', 'HOME', 'NO_COLOR', 'OWN', 'PATH', 'SECRET', 'TERM'],
        // What every run has.
        ...['CONCLAVE_SEED', 'LANG', 'PWD', 'TMPDIR', 'USER'],
      ].sort(),
    );
    expect(reply.command?.record.grantedVariables).toEqual(['OWN_KEY']);
  });

  test('finds standard input empty where the prompt is an argument', async () => {
    const fields = { output: { kind: 'json', answer: 'answer' } };
    const reply = await house.ask(['mirror', '{prompt}'], fields);

    expect(JSON.parse(reply.text)).toMatchObject({
      prompt: '',
      arguments: ['Be exact.\n\nWhich one?'],
    });
  });
});

test('an image is refused before anything runs', async () => {
  const image = { kind: 'image' as const, mediaType: 'image/png', base64: '', stable: true };
  const asked = house.connector(fakeCommand(['empty'])).ask(question({ parts: [image] }));

  expect(await faultOf(asked)).toMatchObject({
    code: 'bad-request',
    message: 'agent fake: it takes no images',
  });
});
